/* verbs_credentials.h -- the part of verbs.h about app passwords, certificates
 * of clients and second factors. */
#pragma once

enum { APP_PASSWORD_ADD_COLUMNS = 1 };

static const char *const app_password_add_columns[] = { "app_password" };

enum app_password_list_column {
	APP_PASSWORD_LIST_NAME,
	APP_PASSWORD_LIST_PROTOCOLS, /* commas between them; "": all */
	APP_PASSWORD_LIST_NETWORKS,  /* the same */
	APP_PASSWORD_LIST_CREATED,
	APP_PASSWORD_LIST_EXPIRES,
	APP_PASSWORD_LIST_LAST_USE,
	APP_PASSWORD_LIST_LAST_ADDRESS,
	APP_PASSWORD_LIST_COLUMNS
};

static const char
	*const app_password_list_columns[APP_PASSWORD_LIST_COLUMNS] = {
		[APP_PASSWORD_LIST_NAME] = "name",
		[APP_PASSWORD_LIST_PROTOCOLS] = "protocols",
		[APP_PASSWORD_LIST_NETWORKS] = "networks",
		[APP_PASSWORD_LIST_CREATED] = "created",
		[APP_PASSWORD_LIST_EXPIRES] = "expires",
		[APP_PASSWORD_LIST_LAST_USE] = "last_use",
		[APP_PASSWORD_LIST_LAST_ADDRESS] = "last_address",
	};

enum certificate_list_column {
	CERTIFICATE_LIST_FINGERPRINT,
	CERTIFICATE_LIST_SUBJECT, /* "": it was added by its fingerprint */
	CERTIFICATE_LIST_CREATED, /* it was added */
	CERTIFICATE_LIST_EXPIRES, /* "": the same */
	CERTIFICATE_LIST_LAST_USE,
	CERTIFICATE_LIST_LAST_ADDRESS,
	CERTIFICATE_LIST_COLUMNS
};

static const char *const certificate_list_columns[CERTIFICATE_LIST_COLUMNS] = {
	[CERTIFICATE_LIST_FINGERPRINT] = "fingerprint",
	[CERTIFICATE_LIST_SUBJECT] = "subject",
	[CERTIFICATE_LIST_CREATED] = "created",
	[CERTIFICATE_LIST_EXPIRES] = "expires",
	[CERTIFICATE_LIST_LAST_USE] = "last_use",
	[CERTIFICATE_LIST_LAST_ADDRESS] = "last_address",
};

enum totp_enable_column {
	TOTP_ENABLE_KEY, /* base32 */
	TOTP_ENABLE_URI, /* what a QR code says */
	TOTP_ENABLE_COLUMNS
};

static const char *const totp_enable_columns[TOTP_ENABLE_COLUMNS] = {
	[TOTP_ENABLE_KEY] = "key",
	[TOTP_ENABLE_URI] = "uri",
};

enum { RECOVERY_CODES_COLUMNS = 1 };

static const char *const recovery_codes_columns[] = { "recovery_code" };

enum totp_status_column {
	TOTP_STATUS_NAME,
	TOTP_STATUS_STATE,          /* "off", "pending", "on" */
	TOTP_STATUS_SINCE,          /* it is on */
	TOTP_STATUS_RECOVERY_CODES, /* left */
	TOTP_STATUS_MAIN_PASSWORD,  /* does it open mail? */
	TOTP_STATUS_COLUMNS
};

static const char *const totp_status_columns[TOTP_STATUS_COLUMNS] = {
	[TOTP_STATUS_NAME] = "name",
	[TOTP_STATUS_STATE] = "state",
	[TOTP_STATUS_SINCE] = "since",
	[TOTP_STATUS_RECOVERY_CODES] = "recovery_codes",
	[TOTP_STATUS_MAIN_PASSWORD] = "main_password",
};
