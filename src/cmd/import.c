/* SPDX-License-Identifier: MIT */
#include "jobs/import.h"

#include <string.h>

#include "cmd/cmd.h"
#include "jobs/import_images.h"
#include "jobs/import_metadata.h"
#include "jobs/review.h"
#include "project/project.h"
#include "show/show.h"

enum {
    KEY_STRICT = 0x100,
    KEY_METADATA,
    KEY_KIND,
    KEY_IMAGES,
    KEY_ADD,
    KEY_SKIP,
    KEY_TRY,
    KEY_COLUMN,
    KEY_MAP,
    KEY_MAP_QUESTION
};

struct import_own {
    struct import_options labels;
    const char *metadata, *images;
    bool dry_run;
};

static const struct argp_option options[] = {
    { "annotator", 'a', "NAME", 0, "whose labels these are, where the file doesn't say", 0 },
    { "kind", KEY_KIND, "KIND", 0,
      "human or model (default: as the task or the file says, else human)", 0 },
    { "format", 'f', "NAME", 0,
      "auto (default), or one of {formats}; answers: what came back of a review's packet", 0 },
    { "strict", KEY_STRICT, NULL, 0, "refuse names and images that do not match", 0 },
    { "image-column", KEY_COLUMN, "NAME", 0,
      "of a table: where the images are (default: the column that looks so)", 0 },
    { "image-key", KEY_COLUMN, "NAME", 0, "the same of a Label Studio task's data", 0 },
    { "map", KEY_MAP, "OLD=NEW,..", 0,
      "values as the file has them, and as they are meant; @FILE: one on each line", 0 },
    { "map-question", KEY_MAP_QUESTION, "OLD=NEW,..", 0, "the same of questions' names", 0 },
    { "add-images", KEY_ADD, NULL, 0,
      "in a project with pictures: images that it does not have are made, not refused", 0 },
    { "skip-unknown", KEY_SKIP, NULL, 0, "their rows are left out, and counted", 0 },
    { "dry-run", KEY_TRY, NULL, 0, "show what would come in, and change nothing", 0 },
    { "metadata", KEY_METADATA, "FILE", 0, "instead of labels: columns to group by", 0 },
    { "images", KEY_IMAGES, "DIR_OR_ARCHIVE", 0,
      "instead of labels: pictures, known by path and SHA-256", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct import_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case 'a': own->labels.annotator = arg; return 0;
    case 'f': own->labels.format = arg; return 0;
    case KEY_KIND: own->labels.kind = arg; return 0;
    case KEY_STRICT: own->labels.strict = true; return 0;
    case KEY_ADD: own->labels.add_images = true; return 0;
    case KEY_SKIP: own->labels.skip_unknown = true; return 0;
    case KEY_COLUMN: own->labels.image_column = arg; return 0;
    case KEY_MAP: own->labels.map = arg; return 0;
    case KEY_MAP_QUESTION: own->labels.map_questions = arg; return 0;
    case KEY_TRY: own->dry_run = true; return 0;
    case KEY_METADATA: own->metadata = arg; return 0;
    case KEY_IMAGES: own->images = arg; return 0;
    case ARGP_KEY_ARG:
        if (own->labels.path)
            argp_error(state, "one file at a time, not also '%s'", arg);
        own->labels.path = arg;
        return 0;
    case ARGP_KEY_END:
        if ((own->labels.path != NULL) + (own->metadata != NULL) + (own->images != NULL) != 1)
            argp_error(state, "name one thing: FILE with labels, --metadata FILE, or --images "
                              "DIR_OR_ARCHIVE");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- one of four things ---- */

static bool is_answers(const struct import_options *o)
{
    if (o->format && strcmp(o->format, "auto") != 0)
        return strcmp(o->format, "answers") == 0;
    return review_is_answers(o->path);
}

static int run_labels(struct project *p, const struct globals *g, const struct import_own *own,
                      struct err *e)
{
    struct import_options o = own->labels;
    struct import_result result;
    int rc;

    o.events = &log_events;
    rc = job_import(p, &o, &result, e);
    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_import(&result), e);
    import_result_release(&result);
    return rc;
}

static int run_metadata(struct project *p, const struct globals *g, const struct import_own *own,
                        struct err *e)
{
    const struct metadata_options o = { own->metadata, own->labels.image_column, own->labels.strict,
                                        &log_events };
    struct metadata_result result;
    int rc = job_import_metadata(p, &o, &result, e);

    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_import_metadata(&result), e);
    metadata_result_release(&result);
    return rc;
}

static int run_images(struct project *p, const struct globals *g, const struct import_own *own,
                      struct err *e)
{
    const struct images_options o = { own->images, &log_events };
    struct images_result result;
    int rc = job_import_images(p, &o, &result, e);

    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_import_images(&result), e);
    if (rc == 0 && result.n_broken > 0)
        rc = EXIT_SOME_FAILED;
    images_result_release(&result);
    return rc;
}

static int run_answers(struct project *p, const struct globals *g, const struct import_own *own,
                       struct err *e)
{
    struct review_answers answers;
    int rc = job_import_answers(p, own->labels.path, &answers, e);

    if (rc == 0)
        rc = cmd_print(g, show_import_answers(own->labels.path, &answers), e);
    return rc == 0 && answers.refused > 0 ? EXIT_SOME_FAILED : rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct import_own *own = own_options;
    struct project *p;
    int rc = project_open(&p, g->dir, own->dry_run ? PROJECT_TRIAL : PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    rc = own->metadata              ? run_metadata(p, g, own, e)
         : own->images              ? run_images(p, g, own, e)
         : is_answers(&own->labels) ? run_answers(p, g, own, e)
                                    : run_labels(p, g, own, e);
    project_close(p);
    if (rc == 0 && own->dry_run)
        log_info("--dry-run: nothing was changed");
    return rc;
}

const struct command cmd_import = {
    .name = "import",
    .args = "FILE\n--metadata FILE\n--images DIR_OR_ARCHIVE",
    .summary = "bring labels that exist, columns to group by, or pictures",
    .doc = "Reads labels that people or models made, and says what it recognised and what did not "
           "match. A file that"
           " is broken anywhere changes nothing. formats.md shows the formats; assent help says "
           "where it is.",
    .example = "Examples:\n"
               "  assent import list_attr_celeba.txt --annotator celeba\n"
               "  assent import answers.jsonl --annotator llava --kind model\n"
               "  assent import examples/study --format study\n"
               "  assent import --metadata faces.csv\n"
               "  assent import --images img_align_celeba",
    .options = options,
    .parse = parse,
    .size = sizeof(struct import_own),
    .run = run,
};
