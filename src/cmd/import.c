/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"

enum { KEY_STRICT = 0x100, KEY_METADATA, KEY_KIND, KEY_IMAGES };

struct import_own {
    struct import_options labels;
    const char *metadata, *images;
};

static const struct argp_option options[] = {
    { "annotator", 'a', "NAME", 0, "whose labels these are, where the file doesn't say", 0 },
    { "kind", KEY_KIND, "KIND", 0,
      "human or model (default: as the task or the file says, else human)", 0 },
    { "format", 'f', "NAME", 0,
      "auto (default), celeba, csv, long, study, jsonl or label-studio; answers: what came back of "
      "a"
      " review's packet",
      0 },
    { "strict", KEY_STRICT, NULL, 0, "refuse names and images that do not match", 0 },
    { "metadata", KEY_METADATA, "FILE.csv", 0,
      "instead of labels: columns to group by; the first column is the image", 0 },
    { "images", KEY_IMAGES, "DIR_OR_TAR", 0,
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
    case KEY_METADATA: own->metadata = arg; return 0;
    case KEY_IMAGES: own->images = arg; return 0;
    case ARGP_KEY_ARG:
        if (own->labels.path)
            argp_error(state, "one file at a time, not also '%s'", arg);
        own->labels.path = arg;
        return 0;
    case ARGP_KEY_END:
        if ((own->labels.path != NULL) + (own->metadata != NULL) + (own->images != NULL) != 1)
            argp_error(state, "name one thing: FILE with labels, --metadata FILE.csv, or --images "
                              "DIR_OR_TAR");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what was found ---- */

static void print_names(const struct import_result *r)
{
    printf("  %zu of %zu names matched\n", r->n_names_matched, r->n_names);
    for (size_t i = 0; i < r->n_names_folded; i++)
        printf("    '%s' taken as '%s'\n", r->names_folded[2 * i], r->names_folded[2 * i + 1]);
    for (size_t i = 0; i < r->n_names_unmatched && i < IMPORT_NAMED; i++)
        printf("    '%s' is no question of assent.yaml: left out\n", r->names_unmatched[i]);
    if (r->n_names_unmatched > IMPORT_NAMED)
        printf("    and %zu more\n", r->n_names_unmatched - IMPORT_NAMED);
}

static void print_images(const struct import_result *r)
{
    size_t n = r->n_images_new;
    char matched[32], all[32];

    text_grouped(r->n_images, all);
    if (r->images_before == 0) {
        printf("  %s images, all new to this project\n", all);
        return;
    }
    printf("  %s of %s images matched\n", text_grouped(r->n_images_matched, matched), all);
    for (size_t i = 0; i < r->n_images_folded && i < IMPORT_NAMED; i++)
        printf("    '%s' taken as '%s'\n", r->images_folded[2 * i], r->images_folded[2 * i + 1]);
    if (r->n_images_folded > IMPORT_NAMED)
        printf("    and %zu more folded\n", r->n_images_folded - IMPORT_NAMED);
    for (size_t i = 0; i < n && i < IMPORT_NAMED; i++)
        printf("    '%s' was not in this project: added\n", r->images_new[i]);
    if (n > IMPORT_NAMED)
        printf("    and %zu more added\n", n - IMPORT_NAMED);
}

static void print_annotators(const struct import_result *r)
{
    char labels[32], images[32], abstentions[32];

    for (size_t a = 0; a < r->n_annotators; a++) {
        const struct import_annotator *who = &r->annotators[a];

        printf("  %s (%s): %s labels on %s images", who->name, task_annotator_kind_name(who->kind),
               text_grouped(who->counts.labels, labels), text_grouped(who->counts.images, images));
        if (who->counts.abstentions > 0)
            printf(", %s abstentions", text_grouped(who->counts.abstentions, abstentions));
        putchar('\n');
    }
}

static void print_found(const char *path, const struct import_result *r)
{
    char rows[32];

    printf("%s: format %s, %s rows, values %s\n", path, r->format, text_grouped(r->rows, rows),
           r->values[0] != '\0' ? r->values : "none");
    print_names(r);
    print_images(r);
    print_annotators(r);
    if (r->repeated > 0)
        printf("  %s cells stood there twice with the same value\n",
               text_grouped(r->repeated, rows));
    if (r->cancelled > 0)
        printf("  %s cancelled annotations were left out\n", text_grouped(r->cancelled, rows));
}

static int run_labels(struct project *p, const struct globals *g, const struct import_options *o,
                      struct err *e)
{
    struct import_result result;
    int rc = import_labels(p, o, &result, e);

    if (rc < 0)
        return rc;
    if (g->json)
        rc = cmd_print_json(import_json(&result), e);
    else
        print_found(o->path, &result);
    import_result_release(&result);
    return rc;
}

static void print_metadata(const char *path, const struct metadata_result *r)
{
    printf("%s: %llu rows, %zu columns to group by:", path, (unsigned long long)r->rows,
           r->n_names);
    for (size_t i = 0; i < r->n_names; i++)
        printf("%s %s", i > 0 ? "," : "", r->names[i]);
    printf("\n  %zu of %llu images matched\n", r->n_matched, (unsigned long long)r->rows);
    for (size_t i = 0; i < r->n_unmatched && i < IMPORT_NAMED; i++)
        printf("    '%s' is not in this project: left out\n", r->unmatched[i]);
    if (r->n_unmatched > IMPORT_NAMED)
        printf("    and %zu more\n", r->n_unmatched - IMPORT_NAMED);
}

static int run_metadata(struct project *p, const struct globals *g, const struct import_own *own,
                        struct err *e)
{
    struct metadata_result result;
    int rc = import_metadata(p, own->metadata, own->labels.strict, &result, e);

    if (rc < 0)
        return rc;
    if (g->json)
        rc = cmd_print_json(metadata_json(&result), e);
    else
        print_metadata(own->metadata, &result);
    metadata_result_release(&result);
    return rc;
}

static void print_images_found(const char *path, const struct images_result *r)
{
    char n[4][32];

    printf("%s: %s pictures, %s known before, %s new\n", path, text_grouped(r->n_images, n[0]),
           text_grouped(r->n_matched, n[1]), text_grouped(r->n_new, n[2]));
    if (r->n_folded > 0)
        printf("  %s were known without their folder, extension or leading zeros\n",
               text_grouped(r->n_folded, n[3]));
    for (size_t i = 0; i < r->n_equal && i < IMPORT_NAMED; i++)
        printf("  '%s' has the same bytes as '%s'\n", r->equal[2 * i + 1], r->equal[2 * i]);
    if (r->n_equal > IMPORT_NAMED)
        printf("  and %zu more equal ones\n", r->n_equal - IMPORT_NAMED);
    for (size_t i = 0; i < r->n_broken && i < IMPORT_NAMED; i++)
        printf("  '%s' is no picture that can be read\n", r->broken[i]);
    if (r->n_broken > IMPORT_NAMED)
        printf("  and %zu more broken ones\n", r->n_broken - IMPORT_NAMED);
    for (size_t i = 0; i < r->n_changed && i < IMPORT_NAMED; i++)
        printf("  '%s' had other bytes before: answers to it are about those\n", r->changed[i]);
    if (r->n_changed > IMPORT_NAMED)
        printf("  and %zu more with other bytes\n", r->n_changed - IMPORT_NAMED);
    if (!r->annotate_finds_them)
        printf("  annotate looks where assent.yaml says: images: %s\n", path);
}

static int run_images(struct project *p, const struct globals *g, const char *path, struct err *e)
{
    struct images_result result;
    int rc = import_images(p, path, &result, e);

    if (rc < 0)
        return rc;
    if (g->json)
        rc = cmd_print_json(images_json(&result), e);
    else
        print_images_found(path, &result);
    if (rc == 0 && result.n_broken > 0)
        rc = EXIT_SOME_FAILED;
    images_result_release(&result);
    return rc;
}

static int run_answers(struct project *p, const struct globals *g, const char *path, struct err *e)
{
    struct review_answers r;
    int rc = import_answers(p, path, &r, e);

    if (rc < 0)
        return rc;
    if (g->json)
        return cmd_print_json(jv_pack("{s:I, s:I, s:I, s:I, s:I}", "answers", (long long)r.answers,
                                      "kept", (long long)r.kept, "known", (long long)r.known,
                                      "undone", (long long)r.undone, "refused",
                                      (long long)r.refused),
                              e);
    printf("%s: %llu answers, %llu of them new\n", path, (unsigned long long)r.answers,
           (unsigned long long)r.kept);
    if (r.refused > 0)
        printf("  %llu were not kept: their item is not this person's any more, or not asked any"
               " more\n",
               (unsigned long long)r.refused);
    return 0;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct import_own *own = own_options;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    rc = own->metadata                               ? run_metadata(p, g, own, e)
         : own->images                               ? run_images(p, g, own->images, e)
         : text_equal(own->labels.format, "answers") ? run_answers(p, g, own->labels.path, e)
                                                     : run_labels(p, g, &own->labels, e);
    project_close(p);
    return rc;
}

const struct command cmd_import = {
    .name = "import",
    .args = "FILE\n--metadata FILE.csv\n--images DIR_OR_TAR",
    .summary = "bring labels that exist, columns to group by, or pictures",
    .doc = "Reads labels that people or models made, and says what it recognised and what did not "
           "match. A file that"
           " is broken anywhere changes nothing. The formats are shown in docs/formats.md.",
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
