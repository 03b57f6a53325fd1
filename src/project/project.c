/* SPDX-License-Identifier: MIT */
#include "project/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/runs.h"

static const char task_file[] = "assent.yaml", database_file[] = "assent.db";

const char *project_database_library(void)
{
    return store_library();
}

static int load_task(struct project *p, struct err *e)
{
    char *path = file_join(p->dir, task_file, e);
    int rc = path ? 0 : ERR_NOMEM;

    if (rc == 0 && !file_exists(path)) {
        rc = err_set(e, ERR_IO, "there is no %s here", task_file);
        err_hint(e, "assent init DIR makes a project; -C DIR says where yours is");
        err_at(e, "%s", p->dir);
    }
    if (rc == 0)
        rc = task_load(&p->task, path, e);
    free(path);
    return rc;
}

/* ---- annotators that had another name ---- */

static int rename_annotator(struct project *p, const char *old, const char *name,
                            enum project_mode mode, struct err *e)
{
    struct buf what = BUF_INIT(4096);
    int rc = mode == PROJECT_READ ? 0 : store_begin(p->store, e);

    if (rc == 0)
        rc = store_annotator_rename(p->store, old, name, e);
    if (rc < 0)
        err_at(e, "%s: was: %s", task_file, old);
    if (rc != 1 || mode == PROJECT_READ)
        return mode == PROJECT_READ ? rc : store_end(p->store, rc, e);
    buf_printf(&what, "was: annotator '%s' is '%s'", old, name);
    rc = buf_end(&what, "an event", e);
    if (rc == 0)
        rc = store_event(p->store, what.text, e);
    buf_release(&what);
    return store_end(p->store, rc, e);
}

/* Two who answered do not become one: said before anybody is renamed, alike by every command. */
static int check_renames(const struct project *p, const struct store_annotators *known,
                         struct err *e)
{
    for (size_t i = 0; i < known->n; i++)
        for (size_t k = 0; k < i; k++) {
            const char *first = known->items[k].name, *second = known->items[i].name;
            const char *name = task_annotator_today(p->task, first);

            if (strcmp(name, task_annotator_today(p->task, second)) != 0)
                continue;
            err_set(e, ERR_ARG, "'%s' and '%s' both have answers, and cannot both be '%s'", first,
                    second, name);
            err_hint(e, "take one of them out of `was`: two annotators' answers do not become one");
            return err_at(e, "%s", task_file);
        }
    return 0;
}

/* What assent.yaml says with `was`, of those that the database knows by the old name. */
static int rename_annotators(struct project *p, enum project_mode mode, struct err *e)
{
    struct store_annotators known = { 0 };
    bool any = false;
    int rc = 0;

    for (size_t i = 0; i < p->task->n_annotators; i++)
        any |= p->task->annotators[i].n_was > 0;
    if (any)
        rc = store_annotators_load(p->store, &known, e);
    if (rc == 0)
        rc = check_renames(p, &known, e);
    for (size_t i = 0; rc >= 0 && i < known.n; i++) {
        const char *name = task_annotator_today(p->task, known.items[i].name);

        if (name != known.items[i].name)
            rc = rename_annotator(p, known.items[i].name, name, mode, e);
    }
    store_annotators_release(&known);
    return rc < 0 ? rc : 0;
}

int project_open(struct project **out, const char *dir, enum project_mode mode, struct err *e)
{
    struct project *p = mem_new(1, sizeof(*p), e);
    static const enum store_mode modes[] = { STORE_READ, STORE_WRITE, STORE_TRIAL };
    char *path = NULL;
    int rc = p ? 0 : ERR_NOMEM;

    *out = NULL;
    if (rc == 0) {
        p->dir = strdup(dir);
        rc = p->dir ? load_task(p, e) : err_set(e, ERR_NOMEM, "out of memory: a path");
    }
    if (rc == 0) {
        path = file_join(dir, database_file, e);
        rc = path ? store_open(&p->store, path, modes[mode], e) : ERR_NOMEM;
    }
    if (rc == 0)
        rc = rename_annotators(p, mode, e);
    free(path);
    if (rc < 0)
        project_close(p);
    else
        *out = p;
    return rc;
}

void project_close(struct project *p)
{
    if (!p)
        return;
    store_close(p->store);
    task_free(p->task);
    free(p->dir);
    free(p);
}

static int unknown_preset(const char *preset, struct err *e)
{
    size_t n = 0;
    const char *near;

    while (task_presets[n])
        n++;
    near = text_nearest(preset, task_presets, n);
    err_set(e, ERR_ARG, "no preset is called '%s'", preset);
    err_expected(e, "celeba or blank");
    return near ? err_hint(e, "did you mean '%s'?", near) : e->code;
}

static int write_preset(const char *path, const char *text, size_t len, struct err *e)
{
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    fwrite(text, 1, len, writer_file(w));
    return writer_commit(w, e);
}

int project_init(const char *dir, const char *preset, char **path, struct err *e)
{
    size_t len;
    const char *text = task_preset(preset, &len);
    int rc = 0;

    *path = NULL;
    if (!text)
        return unknown_preset(preset, e);
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return err_errno(e, "make the folder", dir);
    *path = file_join(dir, task_file, e);
    if (!*path)
        return ERR_NOMEM;
    if (file_exists(*path)) {
        err_set(e, ERR_IO, "there is a project here already: it is left as it is");
        rc = err_at(e, "%s", *path);
    }
    if (rc == 0)
        rc = write_preset(*path, text, len, e);
    if (rc < 0) {
        free(*path);
        *path = NULL;
    }
    return rc;
}
