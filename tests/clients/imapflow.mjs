// imapflow.mjs SCENARIO -- one scenario of imapflow's against the server that
// the environment names; any assertion that does not hold ends it with 1.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { env } = process;
const { ImapFlow } = createRequire(env.NPM + "/")("imapflow");

const MULTIPART = [
	"From: Ann <ann@example.org>",
	"To: Bob <bob@example.org>, carol@example.org",
	"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
	"Date: Sat, 21 Nov 2026 06:00:00 +0000",
	"Message-ID: <multipart@example.org>",
	"MIME-Version: 1.0",
	"Content-Type: multipart/mixed; boundary=b",
	"",
	"--b",
	"Content-Type: text/plain; charset=utf-8",
	"Content-Transfer-Encoding: quoted-printable",
	"",
	"Gr=C3=BC=C3=9Fe",
	"--b",
	"Content-Type: application/octet-stream; name=data.bin",
	"Content-Disposition: attachment; filename=data.bin",
	"Content-Transfer-Encoding: base64",
	"",
	"AAECAwQF",
	"--b--",
	"",
].join("\r\n");

function plain(subject) {
	return `From: a@example.org\r\nSubject: ${subject}\r\n\r\nbody\r\n`;
}

function client() {
	return new ImapFlow({
		host: "localhost",
		port: Number(env.PORT),
		secure: env.SECURE === "yes",
		doSTARTTLS: env.SECURE !== "yes",
		auth: { user: env.IMAP_USER, pass: env.IMAP_PASSWORD,
			accessToken: env.IMAP_TOKEN },
		tls: { ca: readFileSync(env.CERTIFICATE) },
		disableIMAP4rev2: env.REV1 === "yes",
		qresync: true,
		logger: false,
	});
}

async function bytes(stream) {
	const pieces = [];
	for await (const piece of stream)
		pieces.push(piece);
	return Buffer.concat(pieces);
}

const scenarios = {
	async connect(c) {
		assert.equal(c.usable, true);
		assert.ok(c.authenticated);
		assert.ok(c.capabilities.has("IMAP4rev1"));
	},

	async list(c) {
		const boxes = await c.list();
		const uses = Object.fromEntries(
			boxes.map(b => [b.path, b.specialUse]));
		assert.deepEqual(uses, {
			INBOX: "\\Inbox",
			Archive: "\\Archive",
			Drafts: "\\Drafts",
			Junk: "\\Junk",
			Sent: "\\Sent",
			Trash: "\\Trash",
		});
		assert.ok(boxes.every(b => b.subscribed && b.delimiter === "/"));
	},

	async tree(c) {
		await c.mailboxCreate(["Größe", "日本"]);
		await c.mailboxSubscribe("Größe/日本");
		assert.ok((await c.list()).some(b => b.path === "Größe/日本"));
		await c.mailboxRename("Größe", "Kleiner");
		assert.ok((await c.list()).some(b => b.path === "Kleiner/日本"));
		await c.mailboxUnsubscribe("Kleiner/日本");
		await c.mailboxDelete("Kleiner/日本");
		assert.ok(!(await c.list()).some(b => b.path === "Kleiner/日本"));
	},

	async append(c) {
		const date = new Date("2021-02-03T04:05:06Z");
		const done = await c.append("INBOX", MULTIPART,
			["\\Seen", "Work"], date);
		assert.equal(done.uid, 1);
		await c.mailboxOpen("INBOX");
		const m = await c.fetchOne("1", {
			uid: true, flags: true, internalDate: true, size: true,
			source: true,
		});
		assert.deepEqual([...m.flags].sort(), ["Work", "\\Seen"]);
		assert.equal(m.internalDate.getTime(), date.getTime());
		assert.equal(m.size, MULTIPART.length);
		assert.equal(m.source.toString(), MULTIPART);
	},

	async structure(c) {
		await c.append("INBOX", MULTIPART);
		await c.mailboxOpen("INBOX");
		const m = await c.fetchOne("1", {
			envelope: true, bodyStructure: true, headers: ["subject"],
			bodyParts: ["1"],
		});
		assert.equal(m.envelope.subject, "Grüße");
		assert.equal(m.envelope.messageId, "<multipart@example.org>");
		assert.deepEqual(m.envelope.to, [
			{ name: "Bob", address: "bob@example.org" },
			{ name: "", address: "carol@example.org" },
		]);
		assert.equal(m.bodyStructure.type, "multipart/mixed");
		assert.deepEqual(m.bodyStructure.childNodes.map(n => [
			n.part, n.type, n.encoding, n.size, n.disposition,
		]), [
			["1", "text/plain", "quoted-printable", 15, undefined],
			["2", "application/octet-stream", "base64", 8,
				"attachment"],
		]);
		assert.equal(m.bodyParts.get("1").toString(), "Gr=C3=BC=C3=9Fe");
		assert.match(m.headers.toString(), /^Subject: =\?utf-8/);
	},

	async download(c) {
		await c.append("INBOX", MULTIPART);
		await c.mailboxOpen("INBOX");
		const one = await c.download("1", "1");
		assert.equal((await bytes(one.content)).toString(), "Grüße");
		const two = await c.download("1", "2");
		assert.equal(two.meta.filename, "data.bin");
		assert.deepEqual([...await bytes(two.content)],
			[0, 1, 2, 3, 4, 5]);
	},

	async search(c) {
		for (const subject of ["one", "two", "three"])
			await c.append("INBOX", plain(subject),
				subject === "two" ? ["\\Flagged"] : []);
		await c.append("INBOX", MULTIPART);
		await c.mailboxOpen("INBOX");
		assert.deepEqual(await c.search({ subject: "two" }), [2]);
		assert.deepEqual(await c.search({ subject: "grüße" }), [4]);
		assert.deepEqual(await c.search({ flagged: true }), [2]);
		assert.deepEqual(await c.search(
			{ or: [{ subject: "one" }, { subject: "three" }] }), [1, 3]);
		assert.deepEqual(await c.search({ not: { from: "ann" } }),
			[1, 2, 3]);
		assert.deepEqual(await c.search({ body: "nowhere" }), []);
		assert.deepEqual(await c.search({ seq: "2:3" }, { uid: true }),
			[2, 3]);
	},

	async flags(c) {
		await c.append("INBOX", plain("one"));
		await c.mailboxOpen("INBOX");
		await c.messageFlagsAdd("1", ["\\Seen", "$Label1"]);
		await c.messageFlagsRemove("1", ["\\Seen"]);
		const m = await c.fetchOne("1", { flags: true });
		assert.deepEqual([...m.flags], ["$Label1"]);
		await c.messageFlagsSet("1", ["\\Answered"]);
		const after = await c.fetchOne("1", { flags: true });
		assert.deepEqual([...after.flags], ["\\Answered"]);
	},

	async move(c) {
		for (const subject of ["one", "two", "three"])
			await c.append("INBOX", plain(subject));
		await c.mailboxOpen("INBOX");
		const copied = await c.messageCopy("1:2", "Archive");
		assert.deepEqual([...copied.uidMap], [[1, 1], [2, 2]]);
		const moved = await c.messageMove("2:3", "Trash");
		assert.deepEqual([...moved.uidMap], [[2, 1], [3, 2]]);
		assert.ok(await c.messageDelete("1"));
		assert.equal((await c.status("INBOX",
			{ messages: true })).messages, 0);
		assert.equal((await c.status("Trash",
			{ messages: true })).messages, 2);
	},

	async idle(c) {
		const other = client();
		await c.mailboxOpen("INBOX");
		await other.connect();
		for (const [event, act] of [
			["exists", () => other.append("INBOX", plain("new"))],
			["flags", async () => {
				await other.mailboxOpen("INBOX");
				await other.messageFlagsAdd("1", ["\\Flagged"]);
			}],
			["expunge", () => other.messageDelete("1")],
		]) {
			const idling = c.idle();
			const told = new Promise(done => c.once(event, done));
			await act();
			assert.equal((await told).path, "INBOX");
			await c.noop();		// ends the IDLE
			await idling;
		}
		await other.logout();
	},

	async resync(c) {
		for (const subject of ["one", "two", "three"])
			await c.append("INBOX", plain(subject));
		const before = await c.mailboxOpen("INBOX");
		assert.ok(c.enabled.has("QRESYNC"));
		const known = {
			changedSince: before.highestModseq,
			uidValidity: before.uidValidity,
		};
		await c.mailboxClose();
		const other = client();
		await other.connect();
		await other.mailboxOpen("INBOX");
		await other.messageFlagsAdd("1", ["\\Flagged"]);
		await other.messageDelete("2");
		await other.logout();
		const gone = [], changed = [];
		c.on("expunge", e => gone.push([e.uid, e.vanished]));
		c.on("flags", e => changed.push([e.uid, [...e.flags]]));
		const after = await c.mailboxOpen("INBOX", known);
		assert.ok(after.highestModseq > before.highestModseq);
		assert.deepEqual(gone, [[2, true]]);
		assert.deepEqual(changed, [[1, ["\\Flagged"]]]);
	},

	async quota(c) {
		const quota = await c.getQuota("INBOX");
		if (c.capabilities.has("QUOTA"))
			assert.equal(quota.path, "INBOX");
		else
			assert.equal(quota, false);
	},
};

const c = client();
await c.connect();
await scenarios[process.argv[2]](c);
await c.logout();
