/* alert.c -- the table of kinds: who is told, and in which words. */
#include "guard/alert.h"

enum { DAY_S = 86400 };

static const char if_not_you[] =
	"If this was you, there is nothing to do.\n"
	"\n"
	"If it was not, somebody knows the password. Change it at once where\n"
	"you usually do, or ask your administrator, who can do this:\n"
	"  roost user password ACCOUNT\n"
	"Sessions end by that. An app password is revoked alone:\n"
	"  roost app-password revoke ACCOUNT NAME\n"
	"All sign-ins are listed by:\n"
	"  roost history ACCOUNT\n";

/* clang-format off */
const struct alert_kind_row alert_kinds[ALERT_KINDS] = {
	[ALERT_CERTIFICATE] = {
		"certificate", false, 0,
		"A certificate of the mail server ends soon",
		"Clients will refuse to connect once it has ended.\n",
		"Renew it. What is put in its place counts at once:\n"
		"  roost status\n" },
	[ALERT_DISK] = {
		"disk", false, 0,
		"A disk of the mail server is almost full",
		"Once it is full, no mail can come in and nobody can store any.\n",
		"Make room, or give it more. What is deleted in mailboxes frees\n"
		"room within minutes.\n" },
	[ALERT_DOWNLOAD] = {
		"download", false, DAY_S,
		"Much mail of your account was fetched at once",
		"From a place that is new, far more mail of the account was\n"
		"fetched within an hour than otherwise in a day.\n",
		if_not_you },
	[ALERT_INTRUSION] = {
		"intrusion", true, DAY_S,
		"One who tries passwords got into your account",
		"An address that has been trying passwords of many accounts was\n"
		"let into this one, with the right password.\n",
		if_not_you },
	[ALERT_LOCKOUT] = {
		"lockout", false, DAY_S,
		"Too many wrong passwords",
		"So many wrong passwords came that who sent them has to wait.\n"
		"Where the account has not signed in of late it can't, either;\n"
		"where it has, it can (unless they came from there).\n",
		"A device that still has an old password does this, too: give it\n"
		"the new one. Who has to wait, and who not any longer:\n"
		"  roost lockout list\n"
		"  roost lockout clear ACCOUNT\n" },
	[ALERT_NEW_COUNTRY] = {
		"new-country", false, 0,
		"Your account was used from a new country",
		"Somebody signed in from a country from which nobody had signed\n"
		"in to the account before.\n",
		if_not_you },
	[ALERT_QUOTA] = {
		"quota", false, 0,
		"Your mailbox is almost full",
		"Once it is full, mail that is sent to you goes back.\n",
		"Delete what you don't need, and empty the trash; or ask your\n"
		"administrator for more:\n"
		"  roost user quota ACCOUNT\n" },
	[ALERT_SPRAYING] = {
		"spraying", false, DAY_S,
		"Passwords are being tried on many accounts",
		"An address, or many with the same password, have tried more\n"
		"accounts than one person has. They are refused for a while. It\n"
		"is told once for the whole attack.\n",
		"Nothing must be done. Who has to wait:\n"
		"  roost lockout list\n" },
	[ALERT_TEST] = {
		"test", false, 0,
		"A test of alerts",
		"Somebody asked the mail server to send one of these. Nothing\n"
		"has happened.\n",
		"There is nothing to do.\n" },
	[ALERT_TRAVEL] = {
		"travel", false, 0,
		"Your account was used from two places far apart",
		"Between the last two sign-ins nobody could have travelled that\n"
		"far. A private network (VPN) may look like this, too.\n",
		if_not_you },
};
/* clang-format on */

bool alert_kind_find(struct slice name, enum alert_kind *out)
{
	for (unsigned i = 0; i < ALERT_KINDS; i++) {
		if (slice_ieq(slice_cstr(alert_kinds[i].name), name)) {
			*out = (enum alert_kind)i;
			return true;
		}
	}
	return false;
}

void alert_add(struct alert *a, const char *name, struct slice value)
{
	if (value.len != 0 && a->n_fields < ALERT_FIELDS)
		a->field[a->n_fields++] = (struct alert_field){ name, value };
}
