/* SPDX-License-Identifier: MIT
 *
 * project.h - a folder with assent.yaml (what to ask, of whom) and assent.db (all answers).
 *
 *     catalogue.h  its pictures and its images, joined
 *     dataset.h    annotators' labels in memory
 *     pair.h       who is compared unless somebody says
 */
#ifndef ASSENT_PROJECT_H
#define ASSENT_PROJECT_H

#include "base/base.h"
#include "store/store.h"
#include "task/task.h"

struct project {
    char *dir;
    struct task *task;
    struct store *store;
};

enum project_mode {
    PROJECT_READ,  /* changes nothing; a project without a database has no labels yet */
    PROJECT_WRITE, /* makes the database where it is not there */
    PROJECT_TRIAL, /* what is written is taken back when it is closed: makes no database either */
};

int project_open(struct project **out, const char *dir, enum project_mode mode, struct err *e);
void project_close(struct project *p); /* NULL is fine */
/* Writes a commented assent.yaml into dir, which is made where it is not there. Never replaces one.
 * *path (free() it) is what was written. */
int project_init(const char *dir, const char *preset, char **path, struct err *e);

/* "SQLite 3.40.1" */
const char *project_database_library(void);

#endif
