/* SPDX-License-Identifier: MIT
 *
 * recording.h - what a server was asked and what it answered, kept in a file, and answered from it.
 * Private to label/.
 *
 * JSON lines. A header, {"assent_recording": 1, ..}, begins what a run recorded; a line behind it
 * is a request and its answer:
 *
 *     {"path":"/chat/completions","body":{..},"status":200,"type":"application/json",
 *      "seconds":0.021,"answer":{..}}
 *
 * (and "retry_after" where the server said one; for a failure on the way "status" 0, "error",
 * "connected" and "timed_out"). Bodies stand there as they are where they are JSON objects in one
 * line, else as texts. A request is known by the SHA-256 of its path, a line's end and its body;
 * where several answers are recorded for one, those of the newest run that has it count, in their
 * order.
 */
#ifndef ASSENT_LABEL_RECORDING_H
#define ASSENT_LABEL_RECORDING_H

#include "base/base.h"
#include "net/client.h"

struct recorded_request {
    const char *path;
    const char *body; /* with a stand-in for the picture; "" where there is none */
    size_t len;
};

/* ---- writing ---- */

struct recorder;

/* Appends to a recording, or begins one. What a run that was killed has left of a line is taken
 * away, and said. ERR_FORMAT: the file is something else; ERR_BUSY: another process records there.
 */
int recorder_open(struct recorder **out, const char *path, const struct events *ev, struct err *e);
void recorder_close(struct recorder *r); /* NULL is fine */
/* The line is handed to the system before this returns. The answer's text must hold no key. */
int recorder_add(struct recorder *r, const struct recorded_request *q,
                 const struct client_answer *a, struct err *e);

/* ---- reading ---- */

struct recording;

/* Goes through the file once. A last line that is torn is said, and left out. */
int recording_open(struct recording **out, const char *path, const struct events *ev,
                   struct err *e);
void recording_close(struct recording *r); /* NULL is fine */
size_t recording_count(const struct recording *r);

/* Which answer is the request's next; behind the last it is that again. ERR_FORMAT: there is none;
 * says what the recording has instead. The model is for that message. */
int recording_find(struct recording *r, const struct recorded_request *q, const char *model,
                   size_t *which, struct err *e);
/* Has it answers that were not found yet? */
bool recording_has_more(struct recording *r, const struct recorded_request *q);
/* That answer, without its tag, valid until the next call. */
int recording_read(struct recording *r, size_t which, struct client_answer *out, struct err *e);

#endif
