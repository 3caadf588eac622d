/* main.c -- the `roost` command: find the verb, run it. */
#include "cli/verb.h"

#include <signal.h>

int main(int argc, char **argv)
{
	struct call call;
	int status;

	/* A server that goes away is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	if (!call_parse(argc, argv, &call, &status))
		return status;
	return call.verb->run(&call);
}
