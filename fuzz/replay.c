/*
 * replay.c -- a fuzz target's inputs, one after the other, without a fuzzer.
 *
 * Linked with a target it makes the test that runs it over every file of
 * the folders named. A folder that is missing or empty fails: then nothing
 * would be tested.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fail(const char *path)
{
	perror(path);
	return false;
}

/* The target gets memory that ends with the input. */
static bool replay_stream(FILE *f, size_t size)
{
	uint8_t *data = malloc(size);
	bool whole = data != NULL && fread(data, 1, size, f) == size;

	if (whole)
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	return whole;
}

static bool replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	bool done;

	if (f == NULL)
		return fail(path);
	/* Printed before it runs: if it ends the process, this is the one. */
	printf("%s\n", path);
	fflush(stdout);
	done = fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) &&
	       replay_stream(f, (size_t)st.st_size);
	fclose(f);
	return done || fail(path);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool replay_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_input, alphasort);
	bool good = n > 0;

	if (n <= 0)
		fprintf(stderr, "%s: no inputs\n", folder);
	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof path, "%s/%s", folder,
		         entries[i]->d_name);
		good = good && replay_file(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return good;
}

int main(int argc, char **argv)
{
	bool good = argc > 1;

	for (int i = 1; i < argc; i++)
		good = replay_folder(argv[i]) && good;
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
