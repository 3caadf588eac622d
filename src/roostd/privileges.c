/* privileges.c -- users, capabilities, and what else a start leaves over. */
#include "roostd/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct err identity_find(const char *name, struct identity *out)
{
	struct passwd *p;

	*out = (struct identity){ .change = false };
	if (name[0] == '\0' || geteuid() != 0)
		return OK;
	p = getpwnam(name);
	if (p == NULL)
		return err(ERR_ABSENT, "there is no such user");
	*out = (struct identity){ p->pw_uid, p->pw_gid, true };
	return OK;
}

static bool become(const struct identity *who)
{
	return setgroups(0, NULL) == 0 &&
	       setresgid(who->gid, who->gid, who->gid) == 0 &&
	       setresuid(who->uid, who->uid, who->uid) == 0;
}

/* Also of a process that stays root: what root may do beyond its files are
 * capabilities. Fails quietly without CAP_SETPCAP, when there are none. */
static void drop_bounding_set(void)
{
	for (unsigned long i = 0; i <= CAP_LAST_CAP; i++)
		prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0 } };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) == 0;
}

struct err privileges_drop(const struct identity *who)
{
	const struct rlimit no_core = { 0, 0 };

	drop_bounding_set();
	if (who->change && !become(who))
		return err(ERR_NOPERM, "can't change to its user");
	if (!drop_capabilities())
		return err(ERR_NOPERM, "can't give up its capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_CORE, &no_core) != 0)
		return err(ERR_NOPERM, "can't give up what it was given");
	return OK;
}
