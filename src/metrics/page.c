/*
 * page.c -- all that was counted, as text.
 *
 * OpenMetrics 1.0, or what Prometheus had before it: they differ in what a
 * counter is called where it is described, and in the end.
 */
#include <inttypes.h>

#include "base/unicode.h"
#include "metrics/internal.h"

struct writer {
	const struct metrics *metrics;
	enum exposition as;
	struct buf *out;
};

enum { LABELS_MOST = 2048 };

/* -- pieces -- */

static const char *const types[] = {
	[KIND_COUNTER] = "counter",
	[KIND_GAUGE] = "gauge",
	[KIND_TIME] = "histogram",
};

static bool has_end(const char *name, const char *end)
{
	return slice_ends(slice_cstr(name), slice_cstr(end));
}

static void write_unit(struct writer *w, const char *name)
{
	const char *unit = has_end(name, "_seconds") ? "seconds"
	                   : has_end(name, "_bytes") ? "bytes"
	                                             : NULL;

	if (w->as == OPENMETRICS && unit != NULL)
		buf_printf(w->out, "# UNIT roost_%s %s\n", name, unit);
}

static void write_head(struct writer *w, const char *name,
                       enum counter_kind kind, const char *help)
{
	const char *end =
		w->as == PROMETHEUS && kind == KIND_COUNTER ? "_total" : "";

	buf_printf(w->out, "# HELP roost_%s%s %s\n# TYPE roost_%s%s %s\n", name,
	           end, help, name, end, types[kind]);
	write_unit(w, name);
}

/* Of names that files have. */
static void write_escaped(struct buf *out, struct slice value)
{
	bool is_text = utf8_is_valid(value);

	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c == '\\' || c == '"')
			buf_byte(out, '\\');
		buf_byte(out, c < ' ' || (!is_text && c > '~') ? '?' : (char)c);
	}
}

/* `,name="value"` */
static void add_label(struct buf *labels, const char *name, const char *value)
{
	if (labels->len != 0)
		buf_byte(labels, ',');
	buf_printf(labels, "%s=\"", name);
	write_escaped(labels, slice_cstr(value));
	buf_byte(labels, '"');
}

/* The sample up to its value. */
static void write_name(struct writer *w, const char *name, const char *end,
                       const struct buf *labels)
{
	buf_printf(w->out, "roost_%s%s", name, end);
	if (labels->len != 0) {
		buf_byte(w->out, '{');
		buf_add(w->out, buf_slice(labels));
		buf_byte(w->out, '}');
	}
	buf_byte(w->out, ' ');
}

static void write_whole(struct writer *w, const char *name, const char *end,
                        const struct buf *labels, uint64_t value)
{
	write_name(w, name, end, labels);
	buf_printf(w->out, "%" PRId64 "\n", (int64_t)value);
}

/* -- what was counted -- */

/* Places of a metric, of one process or of all. */
struct source {
	const struct counter_metric *metric;
	const struct counters *page; /* NULL: of all */
};

static uint64_t value_at(const struct writer *w, const struct source *s,
                         size_t place)
{
	const struct metrics *m = w->metrics;
	uint64_t sum = 0;

	if (s->page != NULL)
		return counters_value(s->page, place);
	for (size_t i = 0; i < m->n_processes; i++) {
		if (m->processes[i].page != NULL)
			sum += counters_value(m->processes[i].page, place);
	}
	return sum;
}

static void write_bucket(struct writer *w, const char *name,
                         const struct buf *labels, const char *bound,
                         uint64_t value)
{
	struct buf more = buf_limit(LABELS_MOST);

	buf_add(&more, buf_slice(labels));
	add_label(&more, "le", bound);
	write_whole(w, name, "_bucket", &more, value);
	buf_free(&more);
}

/* What is added meanwhile is in all lines or in none. */
static void write_time(struct writer *w, const struct source *s,
                       const struct buf *labels, size_t place)
{
	const char *name = s->metric->name;
	uint64_t us = value_at(w, s, place + COUNTER_BOUNDS + 1);
	uint64_t n[COUNTER_BOUNDS + 1];
	uint64_t sum = 0;

	for (size_t i = 0; i <= COUNTER_BOUNDS; i++)
		n[i] = sum += value_at(w, s, place + i);
	if (sum == 0 && s->metric->sparse)
		return;
	for (size_t i = 0; i < COUNTER_BOUNDS; i++)
		write_bucket(w, name, labels, counter_bounds[i], n[i]);
	write_bucket(w, name, labels, "+Inf", sum);
	write_whole(w, name, "_count", labels, sum);
	write_name(w, name, "_sum", labels);
	buf_printf(w->out, "%" PRIu64 ".%06" PRIu64 "\n", us / 1000000,
	           us % 1000000);
}

static void write_sample(struct writer *w, const struct source *s,
                         const struct buf *labels, size_t place)
{
	const struct counter_metric *m = s->metric;
	uint64_t value;

	if (m->kind == KIND_TIME) {
		write_time(w, s, labels, place);
		return;
	}
	value = value_at(w, s, place);
	if (value != 0 || !m->sparse)
		write_whole(w, m->name, m->kind == KIND_COUNTER ? "_total" : "",
		            labels, value);
}

static size_t values_of(const struct counter_label *l)
{
	return l->name != NULL ? l->n : 1;
}

/* All values of its labels, behind those that are there. */
static void write_samples(struct writer *w, const struct source *s,
                          struct buf *labels)
{
	const struct counter_metric *m = s->metric;
	size_t width = m->kind == KIND_TIME ? COUNTER_TIME_PLACES : 1;
	size_t inner = values_of(&m->labels[1]);
	size_t before = labels->len;

	for (size_t i = 0; i < values_of(&m->labels[0]) * inner; i++) {
		size_t at[2] = { i / inner, i % inner };

		labels->len = before;
		for (size_t j = 0; j < 2 && m->labels[j].name != NULL; j++)
			add_label(labels, m->labels[j].name,
			          m->labels[j].values[at[j]]);
		write_sample(w, s, labels, m->first + i * width);
	}
}

static void write_by_process(struct writer *w, const struct counter_metric *m)
{
	for (size_t i = 0; i < w->metrics->n_processes; i++) {
		const struct process *p = &w->metrics->processes[i];
		struct buf labels = buf_limit(LABELS_MOST);

		if (p->page == NULL || !slice_starts(slice_cstr(p->name),
		                                     slice_cstr(m->by_process)))
			continue;
		add_label(&labels, "process", p->name);
		write_samples(w, &(struct source){ m, p->page }, &labels);
		buf_free(&labels);
	}
}

static void write_metric(struct writer *w, const struct counter_metric *m)
{
	struct buf labels = buf_limit(LABELS_MOST);

	write_head(w, m->name, m->kind, m->help);
	if (m->by_process != NULL)
		write_by_process(w, m);
	else
		write_samples(w, &(struct source){ m, NULL }, &labels);
	buf_free(&labels);
}

/* -- what the kernel says -- */

static void write_memory(struct writer *w, const char *name,
                         const struct buf *labels, const struct proc *p)
{
	write_whole(w, name, "", labels, p->memory_bytes);
}

static void write_cpu(struct writer *w, const char *name,
                      const struct buf *labels, const struct proc *p)
{
	write_name(w, name, "_total", labels);
	buf_printf(w->out, "%.2f\n", p->cpu_s);
}

static void write_files(struct writer *w, const char *name,
                        const struct buf *labels, const struct proc *p)
{
	write_whole(w, name, "", labels, p->files);
}

/* clang-format off */
static const struct {
	const char *name;
	enum counter_kind kind;
	const char *help;
	void (*write)(struct writer *, const char *name, const struct buf *labels,
	              const struct proc *);
} facts[] = {
	{ "process_resident_memory_bytes", KIND_GAUGE,
	  "Memory of each process, with what it shares with others.", write_memory },
	{ "process_cpu_seconds", KIND_COUNTER,
	  "Processor time of each process since it was started.", write_cpu },
	{ "process_open_fds", KIND_GAUGE,
	  "Files and connections that each process has open.", write_files },
};
/* clang-format on */

enum { N_FACTS = sizeof facts / sizeof *facts };

/* Each is asked once for all three. */
static void write_facts(struct writer *w)
{
	struct buf out[N_FACTS] = { { 0 } };
	struct buf *page = w->out;

	for (size_t i = 0; i < w->metrics->n_processes; i++) {
		const struct process *p = &w->metrics->processes[i];
		struct buf labels = buf_limit(LABELS_MOST);
		struct proc proc;

		if (!proc_read(p, &proc))
			continue;
		add_label(&labels, "process", p->name);
		for (size_t f = 0; f < N_FACTS; f++) {
			w->out = &out[f];
			facts[f].write(w, facts[f].name, &labels, &proc);
		}
		buf_free(&labels);
	}
	w->out = page;
	for (size_t f = 0; f < N_FACTS; f++) {
		write_head(w, facts[f].name, facts[f].kind, facts[f].help);
		buf_add(page, buf_slice(&out[f]));
		buf_free(&out[f]);
	}
}

/* -- the rest -- */

static void write_build(struct writer *w)
{
	struct buf labels = { 0 };
	bool is_info = w->as == OPENMETRICS;

	buf_printf(w->out,
	           "# HELP roost_build%s The version that runs.\n"
	           "# TYPE roost_build%s %s\n",
	           is_info ? "" : "_info", is_info ? "" : "_info",
	           is_info ? "info" : "gauge");
	add_label(&labels, "version", ROOST_VERSION);
	write_whole(w, "build", "_info", &labels, 1);
	buf_free(&labels);
}

static void write_start(struct writer *w)
{
	const struct buf none = { 0 };

	write_head(w, "start_time_seconds", KIND_GAUGE,
	           "When the server was started, in seconds since 1970.");
	write_whole(w, "start_time_seconds", "", &none,
	            w->metrics->options->started_s);
}

static void write_certificates(struct writer *w)
{
	static const char *const ends = "certificate_expiry_timestamp_seconds";
	const struct metrics *m = w->metrics;
	const struct buf none = { 0 };

	write_head(w, "certificates", KIND_GAUGE,
	           "Certificates that there are.");
	write_whole(w, "certificates", "", &none, m->n_certificates);
	write_head(w, ends, KIND_GAUGE,
	           "When a certificate ends, in seconds since 1970; of many "
	           "those that end first.");
	for (size_t i = 0; i < m->n_certificates && i < CERTIFICATES_SHOWN;
	     i++) {
		struct buf labels = buf_limit(LABELS_MOST);

		add_label(&labels, "name", m->certificates[i].name);
		write_whole(w, ends, "", &labels, m->certificates[i].expires);
		buf_free(&labels);
	}
}

void page_write(const struct metrics *m, enum exposition as, struct buf *out)
{
	struct writer w = { m, as, out };

	write_build(&w);
	write_start(&w);
	for (size_t i = 0; i < n_counter_metrics; i++)
		write_metric(&w, &counter_metrics[i]);
	write_facts(&w);
	write_certificates(&w);
	if (as == OPENMETRICS)
		buf_add(out, S("# EOF\n"));
}
