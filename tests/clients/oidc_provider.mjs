// oidc_provider.mjs -- two identity providers (npm's oidc-provider): one
// whose tokens are JWTs, one whose tokens only it can read.
//
// Prints the URLs of both, a line each. POST /token is theirs, with the
// address of whose token it is in X-User; POST /rotate is ours: a new key
// signs from then on, and those that were there before are no longer
// published if it ends in ?drop.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import http from "node:http";
import { pathToFileURL } from "node:url";

const { default: Provider } = await import(pathToFileURL(
	`${process.env.NPM}/node_modules/oidc-provider/lib/index.js`));

const SECRET = "se cret:%";
const kinds = {
	RS256: ["rsa", { modulusLength: 2048 }],
	ES256: ["ec", { namedCurve: "P-256" }],
	EdDSA: ["ed25519", {}],
};

function key(alg) {
	const [kind, options] = kinds[alg];
	const { privateKey } = generateKeyPairSync(kind, options);
	return { ...privateKey.export({ format: "jwk" }), alg, use: "sig",
		kid: randomUUID() };
}

function client(id, more) {
	return { client_id: id, client_secret: SECRET, redirect_uris: [],
		response_types: [], ...more };
}

function provider(issuer, keys, format) {
	return new Provider(issuer, {
		jwks: { keys },
		clients: [
			client("mail", { grant_types: ["client_credentials"] }),
			client("roost", { grant_types: [] }),
		],
		clientDefaults: { id_token_signed_response_alg: keys[0].alg },
		scopes: ["imap", "other"],
		ttl: { ClientCredentials: (ctx) =>
			Number(ctx.get("x-seconds") || 600) },
		extraTokenClaims: (ctx) => ({ email: ctx.get("x-user") }),
		features: {
			devInteractions: { enabled: false },
			clientCredentials: { enabled: true },
			introspection: { enabled: true,
				allowedPolicy: () => true },
			resourceIndicators: {
				enabled: true,
				getResourceServerInfo: (ctx, resource) => ({
					scope: "imap other",
					audience: resource,
					accessTokenTTL: Number(
						ctx.get("x-seconds") || 600),
					accessTokenFormat: format,
					jwt: { sign: { alg: keys[0].alg } },
				}),
			},
		},
	});
}

function serve(format) {
	let keys = [key("RS256")];
	let current;
	const server = http.createServer((request, response) => {
		const url = new URL(request.url, "http://127.0.0.1");

		if (url.pathname !== "/rotate")
			return current.callback()(request, response);
		const fresh = key(url.searchParams.get("alg"));
		keys = url.searchParams.has("drop") ? [fresh]
			: [fresh, ...keys];
		current = provider(current.issuer, keys, format);
		return response.end("rotated\n");
	});

	server.listen(0, "127.0.0.1", () => {
		const issuer = `http://127.0.0.1:${server.address().port}`;

		current = provider(issuer, keys, format);
		console.log(issuer);
	});
	return new Promise((resolve) => server.on("listening", resolve));
}

await serve("jwt");
await serve("opaque");
