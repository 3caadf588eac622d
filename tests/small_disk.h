/* small_disk.h -- a small file system that no other process sees. */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static inline bool small_disk_say(const char *path, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == len;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Who isn't root may mount among users of his own, of whom he is the only. */
static inline bool small_disk_users(void)
{
	char users[64];
	char groups[64];

	snprintf(users, sizeof users, "%u %u 1", getuid(), getuid());
	snprintf(groups, sizeof groups, "%u %u 1", getgid(), getgid());
	return unshare(CLONE_NEWUSER) == 0 &&
	       small_disk_say("/proc/self/setgroups", "deny") &&
	       small_disk_say("/proc/self/uid_map", users) &&
	       small_disk_say("/proc/self/gid_map", groups);
}

/* From now on the process, which has one thread, sees it at dir. */
static inline bool small_disk_mount(const char *dir, unsigned int bytes)
{
	char options[32];

	snprintf(options, sizeof options, "size=%u", bytes);
	return (getuid() == 0 || small_disk_users()) &&
	       unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", dir, "tmpfs", 0, options) == 0;
}
