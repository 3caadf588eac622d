/*
 * password_test.c -- every scheme that people bring along: right, wrong,
 * mutilated. The hashes were made by other programs (openssl, crypt(3),
 * argon2) or stand in RFC 5802 and RFC 7677. LIMIT_PASSWORD
 */
#include "directory/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"

static const struct scheme_case {
	const char *stored;
	const char *secret;
	bool quick;
} right[] = {
	{ "{SHA512-CRYPT}$6$rounds=1000$abcdefgh$wuAp2XWwaaguzV"
	  "xZjeM2bd1yLSqbC/I9sr9DFeOfIPoAZiIj3ecL6rf9ibuAg8RDmh"
	  "1vqbaeL0NSLJtGPF7b60",
	  "password" },
	{ "{SHA256-CRYPT}$5$rounds=1000$abcdefgh$GEazsRB0Tipk2U"
	  "JZtYJM/eHHRMtwea4Vnto3YxMbrG0",
	  "password" },
	{ "{BLF-CRYPT}$2y$04$abcdefghijklmnopqrstuughE8Ev8uGFaU"
	  "gY2cNEySvxngrb/Jzdm",
	  "password" },
	{ "{BLF-CRYPT}$2b$04$abcdefghijklmnopqrstuughE8Ev8uGFaU"
	  "gY2cNEySvxngrb/Jzdm",
	  "password" },
	{ "{CRYPT}$y$j75$abcdefgh$hycRI05iyPwUdPZDaw/SJaABdj2h8"
	  "B1Bgxi1Z/4Xke0",
	  "password" },
	{ "$y$j75$abcdefgh$hycRI05iyPwUdPZDaw/SJaABdj2h8B1Bgxi1"
	  "Z/4Xke0",
	  "password" },
	{ "{CRYPT}$7$AU..../....abcdefgh$aBRHFM/xPHJWR8oXtjkiHs"
	  "UQotA9DLbvISQMFReAF36",
	  "password" },
	{ "$7$AU..../....abcdefgh$aBRHFM/xPHJWR8oXtjkiHsUQotA9D"
	  "LbvISQMFReAF36",
	  "password" },
	{ "{CRYPT}$6$abcdefgh$yVfUwsw5T.JApa8POvClA1pQ5peiq97DU"
	  "NyXCZN5IrF.BMSkiaLQ5kvpuEm/VQ1Tvh/KV2TcaWh8qinoW5dhA"
	  "1",
	  "password" },
	{ "$6$abcdefgh$yVfUwsw5T.JApa8POvClA1pQ5peiq97DUNyXCZN5"
	  "IrF.BMSkiaLQ5kvpuEm/VQ1Tvh/KV2TcaWh8qinoW5dhA1",
	  "password" },
	{ "{SHA512}sQnzu7wkTrgkQZF+0G1hi5AI3Qmzvv0bXgc5THBqi7mA"
	  "sdd4Xll27ASbRt9fEyavWi6m0QP9B8lThf+rDKy8hg==",
	  "password", true },
	{ "{SHA512.hex}b109f3bbbc244eb82441917ed06d618b9008dd09"
	  "b3befd1b5e07394c706a8bb980b1d7785e5976ec049b46df5f13"
	  "26af5a2ea6d103fd07c95385ffab0cacbc86",
	  "password", true },
	{ "{SHA512.b64}sQnzu7wkTrgkQZF+0G1hi5AI3Qmzvv0bXgc5THBq"
	  "i7mAsdd4Xll27ASbRt9fEyavWi6m0QP9B8lThf+rDKy8hg==",
	  "password", true },
	{ "{SHA256}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=", "password",
	  true },
	{ "{SHA256.hex}5e884898da28047151d0e56f8dc6292773603d0d"
	  "6aabbdd62a11ef721d1542d8",
	  "password", true },
	{ "{SHA256.b64}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0V"
	  "Qtg=",
	  "password", true },
	{ "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password", true },
	{ "{SHA.hex}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "password",
	  true },
	{ "{SHA.b64}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password", true },
	{ "{SHA1}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password", true },
	{ "{SHA1.hex}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "password",
	  true },
	{ "{SHA1.b64}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password", true },
	{ "{SSHA512}9ZxHVj4YomwqqFiYKcIjExMLx2ZblYfXRGc4KMqbgvH"
	  "q2+HOgwiTIi+eO/Uam/8D0beDAkGpvx14+UFlfBskLnNhbHRzYWx"
	  "0",
	  "password", true },
	{ "{ssha512.HEX}F59C47563E18A26C2AA8589829C22313130BC76"
	  "65B9587D744673828CA9B82F1EADBE1CE830893222F9E3BF51A9"
	  "BFF03D1B7830241A9BF1D78F941657C1B242E73616C7473616C7"
	  "4",
	  "password", true },
	{ "{SSHA256}DIzeh0gCRMTRu9dAH3C3rr7fWkRT0Bp2ZdtRqvTX3XJ"
	  "zYWx0c2FsdA==",
	  "password", true },
	{ "{ssha256.HEX}0C8CDE87480244C4D1BBD7401F70B7AEBEDF5A4"
	  "453D01A7665DB51AAF4D7DD7273616C7473616C74",
	  "password", true },
	{ "{SSHA}yrht1iYXEIkejLVu42JWkadd80RzYWx0c2FsdA==", "password", true },
	{ "{ssha.HEX}CAB86DD6261710891E8CB56EE3625691A75DF34473"
	  "616C7473616C74",
	  "password", true },
	{ "{PBKDF2}$1$abcdefghij$1000$20c3e841898f5fda63f9ee73d"
	  "d634a9df2c8e751",
	  "password" },
	{ "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcN"
	  "Y8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
	  "pencil" },
	{ "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oP"
	  "m3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTA"
	  "mQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	  "pencil" },
	{ "{ARGON2ID}$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$7w"
	  "QdmxXzGh131O2yofJOiueTHH1s6qUu422D/VL5aqc",
	  "password" },
	{ "{ARGON2I}$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$TBAu"
	  "VHqAvL6/UdpGC2fICk8hlxrA6O4qwqLxCJFLw84",
	  "password" },
	{ "{ARGON2}$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$7wQd"
	  "mxXzGh131O2yofJOiueTHH1s6qUu422D/VL5aqc",
	  "password" },
	{ "{ARGON2ID.b64}JGFyZ29uMmlkJHY9MTkkbT02NCx0PTEscD0xJG"
	  "MyRnNkSE5oYkhRJDd3UWRteFh6R2gxMzFPMnlvZkpPaXVlVEhIMX"
	  "M2cVV1NDIyRC9WTDVhcWM=",
	  "password" },
};

static enum password_answer verify(const char *stored, struct slice secret)
{
	return password_verify(slice_cstr(stored), secret, false);
}

static void schemes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		struct slice stored = slice_cstr(right[i].stored);

		if (verify(right[i].stored, slice_cstr(right[i].secret)) !=
		    PASSWORD_RIGHT)
			fail_msg("refused: %s", right[i].stored);
		assert_int_equal(verify(right[i].stored, S("passwor")),
		                 PASSWORD_WRONG);
		assert_int_equal(verify(right[i].stored, S("")),
		                 PASSWORD_WRONG);
		assert_int_equal(password_is_quick(stored), right[i].quick);
		assert_int_not_equal(password_scheme(stored).len, 0);
	}
}

/* What is cut off or changed anywhere is never right. */
static void mutilated(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		struct slice stored = slice_cstr(right[i].stored);
		struct slice secret = slice_cstr(right[i].secret);

		/* a cut server key of SCRAM is nothing that is looked at */
		if (slice_starts(stored, S("{SCRAM")))
			continue;
		for (size_t n = 0; n < stored.len; n += 1 + n / 8)
			assert_int_not_equal(
				password_verify(slice_first(stored, n), secret,
			                        false),
				PASSWORD_RIGHT);
	}
}

static void not_accepted(void **state)
{
	static const char *const stored[] = {
		"",
		"{",
		"}",
		"{}",
		"password",
		"{PLAIN}password",
		"{CLEAR}password",
		"{CLEARTEXT}password",
		"{MD5}$1$abcdefgh$NFmmGuKsqYPRiyDqLqfcu1",
		"{CRYPT}$1$abcdefgh$NFmmGuKsqYPRiyDqLqfcu1",
		"$1$abcdefgh$NFmmGuKsqYPRiyDqLqfcu1",
		"{PLAIN-MD5}5f4dcc3b5aa765d61d8327deb882cf99",
		"{LDAP-MD5}X03MO1qnZdYdgyfeuILPmQ==",
		"{SMD5}AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"{CRAM-MD5}5f4dcc3b5aa765d61d8327deb882cf99",
		"$6$",
		"{SHA512-CRYPT}$6$abcdefgh$cut.off",
		"{BLF-CRYPT}$2y$05$2VGqe1a0W3YX9sHpSZ.RiO",
		"{DES-CRYPT}abJnggxhB/yWI",
		"{CRYPT}abJnggxhB/yWI",
		"abJnggxhB/yWI",
		"{NO-SUCH}password",
		"{SHA.rot13}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
		"{SHA.hex}5baa61e4c9b93f3f0682250b6cf8331b7ee68fdz",
		"{SHA.hex}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd",
		"{SHA}",
		"{SHA}!",
		"{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", /* no salt */
		"{ARGON2ID}$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$AA",
		"{ARGON2ID}$argon2id$v=19$m=64,t=4294967295,p=1$c2FsdHNhbHQ$AA",
		"{ARGON2ID}$argon2id$v=19$m=64,t=1,p=1000000$c2FsdHNhbHQ$AA",
		/* a NUL behind an encoding */
		"{ARGON2ID.hex}246172676f6e00",
		"{CRYPT.hex}243624006162",
		"{SHA512-CRYPT.b64}JDYkAGFi",
		"{PBKDF2}$1$salt$0$0000000000000000000000000000000000000000",
		"{PBKDF2}$1$salt$99999999999$0000000000000000000000000000000000"
		"000000",
		"{PBKDF2}$1$salt$1000$00",
		"{PBKDF2}$1$salt",
		"{SCRAM-SHA-256}4096",
		"{SCRAM-SHA-256}4096,,,",
		"{SCRAM-SHA-256}0,W22ZaJ0SNY7soEsUEjb6gQ==,"
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
		"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
		"{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,"
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,AA==",
	};

	(void)state;
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
		if (verify(stored[i], S("password")) == PASSWORD_RIGHT)
			fail_msg("accepted: %s", stored[i]);
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
		assert_int_equal(verify(stored[i], S("password")),
		                 PASSWORD_UNUSABLE);
}

static void plain(void **state)
{
	(void)state;
	assert_int_equal(password_verify(S("{PLAIN}secret"), S("secret"), true),
	                 PASSWORD_RIGHT);
	assert_int_equal(
		password_verify(S("{PLAIN}secret"), S("secret!"), true),
		PASSWORD_WRONG);
	assert_int_equal(password_verify(S("{PLAIN}"), S(""), true),
	                 PASSWORD_WRONG);
}

/* crypt(3) would compare what stands before the NUL. */
static void nul(void **state)
{
	char all[LIMIT_PASSWORD + 1];

	(void)state;
	memset(all, 'x', sizeof all);
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		assert_int_not_equal(
			verify(right[i].stored, S("password\0more")),
			PASSWORD_RIGHT);
		assert_int_not_equal(
			verify(right[i].stored, slice_of(all, LIMIT_PASSWORD)),
			PASSWORD_RIGHT);
		assert_int_equal(
			verify(right[i].stored, slice_of(all, sizeof all)),
			PASSWORD_WRONG);
	}
}

static void making(void **state)
{
	struct password_cost cost = { 64, 1, 1 };
	char longest[LIMIT_PASSWORD];
	struct buf one = { 0 };
	struct buf two = { 0 };

	(void)state;
	memset(longest, 0xc3, sizeof longest);
	assert_true(
		password_hash(slice_of(longest, sizeof longest), cost, &one));
	assert_true(
		password_hash(slice_of(longest, sizeof longest), cost, &two));
	assert_false(slice_eq(buf_slice(&one), buf_slice(&two))); /* salt */
	assert_in_range(one.len, 1, PASSWORD_STORED);
	assert_int_equal(password_verify(buf_slice(&one),
	                                 slice_of(longest, sizeof longest),
	                                 false),
	                 PASSWORD_RIGHT);
	assert_true(password_is_current(buf_slice(&one), cost));
	assert_false(password_is_current(buf_slice(&one),
	                                 (struct password_cost){ 65, 1, 1 }));
	assert_false(password_is_current(buf_slice(&one),
	                                 (struct password_cost){ 64, 2, 1 }));
	assert_false(password_is_current(S("{SHA}x"), cost));
	assert_false(password_is_current(S("{ARGON2ID}$argon2id$\0"), cost));
	buf_free(&one);
	buf_free(&two);
	assert_false(
		password_hash(S("x"), (struct password_cost){ 1, 1, 1 }, &one));
	assert_false(password_hash(S("x"), (struct password_cost){ 64, 0, 1 },
	                           &one));
	assert_int_equal(one.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemes),      cmocka_unit_test(mutilated),
		cmocka_unit_test(not_accepted), cmocka_unit_test(plain),
		cmocka_unit_test(nul),          cmocka_unit_test(making),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
