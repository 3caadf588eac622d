/* extensions.c -- the table of what is announced after log-in. */
#include "imap/extensions.h"

static uint64_t append_limit(const struct session_config *config)
{
	return config->message_limit_bytes;
}

static uint64_t command_messages(const struct session_config *config)
{
	return config->command_messages;
}

/* clang-format off */
const struct capability capabilities[] = {
	{ N("IMAP4rev1"),             0,             "3501", "commands.c", NULL },
	{ N("IMAP4rev2"),             ENABLED_REV2,  "9051", "commands.c", NULL },
	{ N("ACL"),                   0,             "4314", "acl.c", NULL },
	{ N("APPENDLIMIT"),           0,             "7889", "append.c", append_limit },
	{ N("BINARY"),                0,             "3516", "append.c", NULL },
	{ N("CATENATE"),              0,             "4469", "catenate.c", NULL },
	{ N("CHILDREN"),              0,             "3348", "list_reply.c", NULL },
	{ N("COMPRESS=DEFLATE"),      0,             "4978", "compress.c", NULL },
	{ N("CONDSTORE"),             ENABLED_CONDSTORE, "7162", "modseq.c", NULL },
	{ N("CONTEXT=SEARCH"),        0,             "5267", "context.c", NULL },
	{ N("CONTEXT=SORT"),          0,             "5267", "context.c", NULL },
	{ N("CREATE-SPECIAL-USE"),    0,             "6154", "tree.c", NULL },
	{ N("ENABLE"),                0,             "5161", "capability.c", NULL },
	{ N("ESEARCH"),               0,             "4731", "search.c", NULL },
	{ N("ESORT"),                 0,             "5267", "sort.c", NULL },
	{ N("I18NLEVEL=1"),           0,             "5255", "sort.c", NULL },
	{ N("ID"),                    0,             "2971", "capability.c", NULL },
	{ N("IDLE"),                  0,             "2177", "basic.c", NULL },
	{ N("INPROGRESS"),            0,             "9585", "progress.c", NULL },
	{ N("LIST-EXTENDED"),         0,             "5258", "list_parse.c", NULL },
	{ N("LIST-METADATA"),         0,             "9590", "list.c", NULL },
	{ N("LIST-MYRIGHTS"),         0,             "8440", "list.c", NULL },
	{ N("LIST-STATUS"),           0,             "5819", "list_reply.c", NULL },
	{ N("LITERAL+"),              0,             "7888", "frame.c", NULL },
	{ N("MESSAGELIMIT"),          0,             "9738", "messagelimit.c", command_messages },
	{ N("METADATA"),              0,             "5464", "metadata.c", NULL },
	{ N("METADATA-SERVER"),       0,             "5464", "metadata.c", NULL },
	{ N("MOVE"),                  0,             "6851", "copy.c", NULL },
	{ N("MULTIAPPEND"),           0,             "3502", "append.c", NULL },
	{ N("MULTISEARCH"),           0,             "7377", "esearch.c", NULL },
	{ N("NAMESPACE"),             0,             "2342", "capability.c", NULL },
	{ N("NOTIFY"),                0,             "5465", "notify.c", NULL },
	{ N("OBJECTID"),              0,             "8474", "objectid.c", NULL },
	{ N("PARTIAL"),               0,             "9394", "search_returns.c", NULL },
	{ N("PREVIEW"),               0,             "8970", "fetch_items.c", NULL },
	{ N("QRESYNC"),               ENABLED_QRESYNC, "7162", "qresync.c", NULL },
	{ N("QUOTA"),                 0,             "9208", "quota.c", NULL },
	{ N("QUOTA=RES-ANNOTATION-STORAGE"), 0,      "9208", "quota.c", NULL },
	{ N("QUOTA=RES-MAILBOX"),     0,             "9208", "quota.c", NULL },
	{ N("QUOTA=RES-MESSAGE"),     0,             "9208", "quota.c", NULL },
	{ N("QUOTA=RES-STORAGE"),     0,             "9208", "quota.c", NULL },
	{ N("QUOTASET"),              0,             "9208", "quota.c", NULL },
	{ N("REPLACE"),               0,             "8508", "append.c", NULL },
	{ N("RIGHTS=kxte"),           0,             "4314", "acl.c", NULL },
	{ N("SAVEDATE"),              0,             "8514", "search_run.c", NULL },
	{ N("SEARCH=FUZZY"),          0,             "6203", "search_run.c", NULL },
	{ N("SEARCH=MIMEPART"),       0,             "draft-bosch-imap-search-mimepart", "mimepart.c", NULL },
	{ N("SEARCHRES"),             0,             "5182", "resolve.c", NULL },
	{ N("SORT"),                  0,             "5256", "sort.c", NULL },
	{ N("SORT=DISPLAY"),          0,             "5957", "sort.c", NULL },
	{ N("SPECIAL-USE"),           0,             "6154", "list_reply.c", NULL },
	{ N("STATUS=SIZE"),           0,             "8438", "status.c", NULL },
	{ N("THREAD=ORDEREDSUBJECT"), 0,             "5256", "thread.c", NULL },
	{ N("THREAD=REFERENCES"),     0,             "5256", "thread.c", NULL },
	{ N("THREAD=REFS"),           0,             "draft-ietf-morg-inthread", "thread.c", NULL },
	{ N("UIDBATCHES"),            0,             "10022", "uidbatches.c", NULL },
	{ N("UIDONLY"),               ENABLED_UIDONLY, "9586", "commands.c", NULL },
	{ N("UIDPLUS"),               0,             "4315", "copy.c", NULL },
	{ N("UNAUTHENTICATE"),        0,             "8437", "basic.c", NULL },
	{ N("UNSELECT"),              0,             "3691", "select.c", NULL },
	{ N("URL-PARTIAL"),           0,             "5550", "catenate.c", NULL },
	{ N("UTF8=ACCEPT"),           ENABLED_UTF8,  "9755", "extensions.c", NULL },
	{ N("WITHIN"),                0,             "5032", "search_run.c", NULL },
};
/* clang-format on */

const size_t n_capabilities = sizeof capabilities / sizeof *capabilities;
