/*
 * alert_verbs.h -- the tables of alerts, as those of verbs.h.
 *
 *	FRAME_ALERT_LIST	alert_list_columns	newest first
 *	FRAME_ALERT_TEST	alert_test_columns	in the option's order;
 *			ERR_NO: not all have taken it
 */
#pragma once

enum alert_list_column {
	ALERT_LIST_KIND,
	ALERT_LIST_USER, /* "": the server's */
	ALERT_LIST_SUBJECT,
	ALERT_LIST_FIRST,
	ALERT_LIST_LAST,
	ALERT_LIST_COUNT, /* how often it was seen; it was told once */
	ALERT_LIST_COLUMNS
};

static const char *const alert_list_columns[ALERT_LIST_COLUMNS] = {
	[ALERT_LIST_KIND] = "kind",       [ALERT_LIST_USER] = "user",
	[ALERT_LIST_SUBJECT] = "subject", [ALERT_LIST_FIRST] = "first",
	[ALERT_LIST_LAST] = "last",       [ALERT_LIST_COUNT] = "count",
};

enum alert_test_column {
	ALERT_TEST_PLACE,
	ALERT_TEST_OUTCOME, /* "ok", or why not */
	ALERT_TEST_COLUMNS
};

static const char *const alert_test_columns[ALERT_TEST_COLUMNS] = {
	[ALERT_TEST_PLACE] = "place",
	[ALERT_TEST_OUTCOME] = "outcome",
};
