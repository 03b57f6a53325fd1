/* SPDX-License-Identifier: MIT
 *
 * Label files: the first byte chooses the format (or has it recognised), the rest is the file.
 * Every value that a reader gives must be one of its column's.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/formats.h"
#include "task/task.h"

static const char task_text[] =
    "name: fuzz\n"
    "questions:\n"
    "  - {name: Bald, text: a}\n"
    "  - {name: Wavy Hair, text: b}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, gray], text: c}\n"
    "  - {name: Tags, kind: multi, options: [hat, tie], text: d}\n"
    "  - {name: Age, kind: ordinal, options: [young, old], text: e}\n";

static const char *const formats[] = { "auto", "celeba", "csv", "long", "jsonl", "label-studio" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct task *t, const struct label_row *row)
{
    assert(row->key && *row->key != '\0');
    for (size_t i = 0; i < row->n_cells; i++) {
        assert(row->cells[i].column < t->n_columns);
        assert(row->cells[i].value < (int)t->columns[row->cells[i].column].n_values);
        for (size_t v = 0;
             row->cells[i].probabilities && v < t->columns[row->cells[i].column].n_probabilities;
             v++)
            assert(row->cells[i].probabilities[v] >= 0 && row->cells[i].probabilities[v] <= 1);
        assert(row->cells[i].value >= VALUE_TIE && row->cells[i].value != VALUE_MISSING);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct task *task; /* the same for all inputs */
    const char *source, *sha256;
    struct labels *file;
    struct label_row row;
    struct err e;
    int rc;

    if (size == 0)
        return 0;
    if (!task && task_parse(&task, "fuzz.yaml", task_text, strlen(task_text), &e) < 0)
        abort();
    rc = labels_open_memory(&file, "fuzz", data + 1, size - 1, formats[data[0] % 6], task, &e);
    while (rc == 0 && (rc = labels_next(file, &row, &e)) == 1) {
        check_row(task, &row);
        rc = 0;
    }
    if (rc == 0 && file)
        rc = labels_provenance(file, "fuzz", &source, &sha256, &e);
    assert(rc == 0 || e.what[0] != '\0');
    labels_close(file);
    return 0;
}
