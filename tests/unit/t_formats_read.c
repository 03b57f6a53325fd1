/* SPDX-License-Identifier: MIT */
/*
 * formats/: what each reader makes of the files that people have. What is refused:
 * t_formats_refused.c; the study's folder: t_formats_study.c.
 */
#include "support_formats.h"

/* ---- one format after the other ---- */

static void celeba_parts_its_rows_at_spaces(void **state)
{
    static const struct file_row rows[] = {
        { "as CelebA has it", "celeba", "2\nBald Smiling \n000001.jpg -1  1\n000002.jpg  1 -1\n",
          "3 000001.jpg: Bald=no Smiling=yes\n4 000002.jpg: Bald=yes Smiling=no\n", 0, NULL },
        { "tabs", "celeba", "1\nBald\tSmiling\n1.jpg\t-1\t1\n", "3 1.jpg: Bald=no Smiling=yes\n", 0,
          NULL },
        { "spaces at the ends", "celeba", " 1 \n  Smiling Bald\n 1.jpg 1 -1 \n",
          "3 1.jpg: Smiling=yes Bald=no\n", 0, NULL },
        { "empty lines between", "celeba", "2\nBald\n\na 1\n\n\nb -1\n\n",
          "4 a: Bald=yes\n7 b: Bald=no\n", 0, NULL },
        { "other codings", "celeba", "2\nBald Smiling\na 0 1\nb no TRUE\n",
          "3 a: Bald=no Smiling=yes\n4 b: Bald=no Smiling=yes\n", 0, NULL },
        { "an abstention by its name", "celeba", "1\nBald Smiling\na unsure 1\n",
          "3 a: Bald=unsure Smiling=yes\n", 0, NULL },
        { "a question that the task does not ask", "celeba", "1\nYoung Bald Chubby\na 7 -1 x\n",
          "3 a: Bald=no\n", 0, NULL },
        { "no rows", "celeba", "0\nBald\n", "", 0, NULL },
    };

    (void)state;
    check_files(yes_no, rows, COUNT(rows));
}

static void csv_has_a_column_a_question(void **state)
{
    static const struct file_row rows[] = {
        { "every kind", "csv",
          "image,Bald,Wavy_Hair,Hair,Tags,Age\n1.jpg,yes,-1,dark blond,hat;tie,old\n",
          "2 1.jpg: Bald=yes Wavy_Hair=no Hair=dark blond Tags:hat=yes Tags:tie=yes Age=old\n", 0,
          NULL },
        { "a column an option", "csv", "image,Tags:tie,Tags:hat\na,1,0\n",
          "2 a: Tags:tie=yes Tags:hat=no\n", 0, NULL },
        { "a list of one, with bars, with spaces", "csv",
          "image,Tags\na,tie\nb,hat|tie\nc,hat; tie\n",
          "2 a: Tags:hat=no Tags:tie=yes\n3 b: Tags:hat=yes Tags:tie=yes\n"
          "4 c: Tags:hat=yes Tags:tie=yes\n",
          0, NULL },
        { "an abstention from a list", "csv", "image,Tags\na,unsure\n",
          "2 a: Tags:hat=unsure Tags:tie=unsure\n", 0, NULL },
        { "empty cells", "csv", "image,Bald,Hair,Tags\na,,,\nb,,black,\n",
          "2 a:\n3 b: Hair=black\n", 0, NULL },
        { "abstentions", "csv", "image,Bald,Hair,Age\na,unsure,Refused,unparseable\n",
          "2 a: Bald=unsure Hair=refused Age=unparseable\n", 0, NULL },
        { "semicolons", "csv", "image;Bald;Hair\n\"a;b\";yes;\"a, \"\"b\"\"\"\n",
          "2 a;b: Bald=yes Hair=a, \"b\"\n", 0, NULL },
        { "tabs", "csv", "image\tBald\na b\tyes\n", "2 a b: Bald=yes\n", 0, NULL },
        { "quotes all over", "csv", "\"image\",\"Bald\"\n\"b \"\"2\"\", x.jpg\",\"no\"\n",
          "2 b \"2\", x.jpg: Bald=no\n", 0, NULL },
        { "spaces around fields, but for quoted ones", "csv",
          "image, Bald\n 1.jpg , yes \n\" 2 \",no\n", "2 1.jpg: Bald=yes\n3  2 : Bald=no\n", 0,
          NULL },
        { "only the header", "csv", "image,Bald\n", "", 0, NULL },
        { "Excel's separator", "auto", "sep=;\r\nimage;Bald\r\na;1\r\n", "3 a: Bald=yes\n", 0,
          NULL },
        { "Mac line ends", "auto", "image,Bald\ra,1\rb,0\r", "2 a: Bald=yes\n3 b: Bald=no\n", 0,
          NULL },
        { "the images in another column", "csv", "Bald,image\n1,a\n", "2 a: Bald=yes\n", 0, NULL },
        { "pandas' index", "csv", ",photo,Bald\n0,a,1\n1,b,0\n", "2 a: Bald=yes\n3 b: Bald=no\n", 0,
          NULL },
        { "pandas' index, read and written again", "csv", "Unnamed: 0,photo,Bald\n0,a,1\n",
          "2 a: Bald=yes\n", 0, NULL },
        { "an index of names", "csv", ",note,Bald\na.jpg,x,1\nb.jpg,y,0\n",
          "2 a.jpg: Bald=yes\n3 b.jpg: Bald=no\n", 0, NULL },
        { "what looks like pictures", "csv", "id,photo,Bald\n1,a.jpg,1\n2,b.JPG,0\n",
          "2 a.jpg: Bald=yes\n3 b.JPG: Bald=no\n", 0, NULL },
        { "a usual name", "csv", "id,file_name,Bald\n1,a,1\n", "2 a: Bald=yes\n", 0, NULL },
        { "floats and gaps", "csv", "image,Bald,Hair,Tags\na,1.0,NaN,hat\nb,NaN,black,NaN\n",
          "2 a: Bald=yes Tags:hat=yes Tags:tie=no\n3 b: Hair=black\n", 0, NULL },
        { "none of a list", "csv", "image,Tags\na,none\nb,None\n",
          "2 a: Tags:hat=no Tags:tie=no\n3 b: Tags:hat=no Tags:tie=no\n", 0, NULL },
        { "a column without a name", "csv", "image,,Bald\na,whatever,yes\n", "2 a: Bald=yes\n", 0,
          NULL },
        { "a row that begins on another line than it ends", "csv",
          "image,Note,Bald\na,\"one\ntwo\n\nthree\",yes\nb,,no\n", "2 a: Bald=yes\n6 b: Bald=no\n",
          0, NULL },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

static void long_has_a_row_a_vote(void **state)
{
    static const struct file_row rows[] = {
        { "crowd-kit's", "long", "task,worker,label\n1.jpg/Bald,anna,yes\n1.jpg/Bald,ben,0\n",
          "2 anna@1.jpg: Bald=yes\n3 ben@1.jpg: Bald=no\n", 0, NULL },
        { "cleanlab's", "long", "task,annotator,label\n1.jpg/Hair,a b,black\n",
          "2 a b@1.jpg: Hair=black\n", 0, NULL },
        { "in another order", "long", "Label,Worker,Task\nold,anna,1.jpg/Age\n",
          "2 anna@1.jpg: Age=old\n", 0, NULL },
        { "slashes in the image's name", "long", "task,worker,label\na/b/1.jpg/Tags:hat,anna,no\n",
          "2 anna@a/b/1.jpg: Tags:hat=no\n", 0, NULL },
        { "a whole list", "long", "task,worker,label\n1/Tags,anna,hat;tie\n",
          "2 anna@1: Tags:hat=yes Tags:tie=yes\n", 0, NULL },
        { "a comma in the task", "long", "task,worker,label\n\"a,b/Bald\",\"x, y\",yes\n",
          "2 x, y@a,b: Bald=yes\n", 0, NULL },
        { "no label", "long", "task,worker,label\n1/Bald,anna,\n", "2 anna@1:\n", 0, NULL },
        { "a question that is not asked", "long", "task,worker,label\n1/Young,anna,whatever\n",
          "2 anna@1:\n", 0, NULL },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

#define LINE(image, question, rest) \
    "{\"image\": \"" image "\", \"question\": \"" question "\", " rest "}\n"

static void jsonl_has_a_line_a_cell(void **state)
{
    static const struct file_row rows[] = {
        { "labels", "jsonl",
          LINE("a", "Bald", "\"value\": \"no\"") LINE("b", "Hair", "\"value\": \"black\""),
          "1 a: Bald=no\n2 b: Hair=black\n", 0, NULL },
        { "numbers", "jsonl", LINE("a", "Bald", "\"value\": -1") LINE("b", "Bald", "\"value\": 1"),
          "1 a: Bald=no\n2 b: Bald=yes\n", 0, NULL },
        { "an abstention", "jsonl", LINE("a", "Age", "\"value\": null, \"reason\": \"refused\""),
          "1 a: Age=refused\n", 0, NULL },
        { "no value, no reason", "jsonl", LINE("a", "Age", "\"value\": null"), "1 a:\n", 0, NULL },
        { "an annotator", "jsonl", LINE("a", "Bald", "\"value\": \"yes\", \"annotator\": \"anna\""),
          "1 anna@a: Bald=yes\n", 0, NULL },
        { "probabilities of yes/no", "jsonl",
          LINE("a", "Bald", "\"value\": \"yes\", \"options\": {\"no\": 0.25, \"yes\": 0.75}"),
          "1 a: Bald=yes p=0.75\n", 0, NULL },
        { "probabilities of a choice, in another order", "jsonl",
          LINE("a", "Age",
               "\"value\": \"old\", \"options\": {\"old\": 0.5, \"child\": 0.125, \"young\": "
               "0.375}"),
          "1 a: Age=old p=0.125,0.375,0.5\n", 0, NULL },
        { "a line an image", "auto",
          "{\"file_name\": \"b/1.jpg\", \"Bald\": true, \"Hair\": \"black\", \"Tags\": [\"hat\"], "
          "\"caption\": \"so\", \"box\": {}, \"Age\": null}\n{\"file_name\": \"2\", \"Tags\": "
          "[]}\n",
          "1 b/1.jpg: Bald=yes Hair=black Tags:hat=yes Tags:tie=no\n2 2: Tags:hat=no Tags:tie=no\n",
          0, NULL },
        { "a list in a line a cell", "jsonl",
          "{\"image\": \"1\", \"question\": \"Tags\", \"value\": [\"tie\"]}\n",
          "1 1: Tags:hat=no Tags:tie=yes\n", 0, NULL },
        { "probabilities that are null", "jsonl",
          LINE("a", "Bald", "\"value\": \"yes\", \"options\": null"), "1 a: Bald=yes\n", 0, NULL },
        { "a whole list", "jsonl", LINE("a", "Tags", "\"value\": \"tie\""),
          "1 a: Tags:hat=no Tags:tie=yes\n", 0, NULL },
        { "escapes", "jsonl", LINE("caf\\u00e9 \\\"x\\\"", "Bald", "\"value\": \"yes\""),
          "1 caf\xc3\xa9 \"x\": Bald=yes\n", 0, NULL },
        { "empty lines between", "jsonl", "\n" LINE("a", "Bald", "\"value\": 1") "\n",
          "2 a: Bald=yes\n", 0, NULL },
        { "other members", "jsonl", LINE("a", "Bald", "\"value\": 1, \"seconds\": [3], \"x\": {}"),
          "1 a: Bald=yes\n", 0, NULL },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

/* ---- Label Studio ---- */

#define RESULT(name, choices)                                                                      \
    "{\"from_name\": \"" name "\", \"type\": \"choices\", \"value\": {\"choices\": [" choices "]}" \
    "}"
#define TASK(data, lists) "[{\"data\": {" data "}, " lists "}]"
#define BALD \
    "\"predictions\": [{\"model_version\": \"m\", \"result\": [" RESULT("Bald", "\"yes\"") "]}]"

static void label_studio_has_entries_of_models_and_people(void **state)
{
    static const struct file_row rows[] = {
        { "a prediction", "label-studio", TASK("\"image\": \"1.jpg\"", BALD),
          "1 m(model)@1.jpg: Bald=yes\n", 0, NULL },
        { "a prediction of nobody", "label-studio",
          TASK("\"image\": \"1.jpg\"", "\"predictions\": [{\"result\": []}]"),
          "1 label-studio-model(model)@1.jpg:\n", 0, NULL },
        { "annotations, by number, by object, by address, by nobody", "label-studio",
          TASK(
              "\"image\": \"1.jpg\"",
              "\"annotations\": [{\"completed_by\": 7, \"result\": [" RESULT(
                  "Bald",
                  "\"no\"") "]},"
                            "{\"completed_by\": {\"id\": 8}, \"result\": []},"
                            "{\"completed_by\": {\"id\": 9, \"email\": \"a@b.c\"}, \"result\": []},"
                            "{\"result\": []}]"),
          "1 label-studio-7(human)@1.jpg: Bald=no\n1 label-studio-8(human)@1.jpg:\n"
          "1 a@b.c(human)@1.jpg:\n1 label-studio(human)@1.jpg:\n",
          0, NULL },
        { "both, predictions first", "label-studio",
          TASK("\"image\": \"1.jpg\"",
               "\"annotations\": [{\"completed_by\": 7, \"result\": []}], " BALD),
          "1 m(model)@1.jpg: Bald=yes\n1 label-studio-7(human)@1.jpg:\n", 0, NULL },
        { "several choices", "label-studio",
          TASK("\"image\": \"1\"",
               "\"annotations\": [{\"result\": [" RESULT("Tags", "\"tie\",\"hat\"") "]}]"),
          "1 label-studio(human)@1: Tags:hat=yes Tags:tie=yes\n", 0, NULL },
        { "none of the choices", "label-studio",
          TASK("\"image\": \"1\"", "\"annotations\": [{\"result\": [" RESULT("Tags", "") "]}]"),
          "1 label-studio(human)@1: Tags:hat=no Tags:tie=no\n", 0, NULL },
        { "results that are no choices, or not asked", "label-studio",
          TASK("\"image\": \"1\"",
               "\"annotations\": [{\"result\": [{\"from_name\": \"box\", \"value\": {\"x\": 3}}, "
               "{}, " RESULT("Young", "\"so\"") "," RESULT("Hair", "\"black\"") "]}]"),
          "1 label-studio(human)@1: Hair=black\n", 0, NULL },
        { "no entries", "label-studio", "[{\"data\": {\"image\": \"1\"}}]", "", 0, NULL },
        { "no tasks", "label-studio", "[]", "", 0, NULL },
        { "over several lines", "label-studio",
          "[\n{\"data\": {\"image\": \"1\"},\n" BALD "},\n\n{\"data\": {\"image\": \"2\"}, " BALD
          "}\n]\n",
          "3 m(model)@1: Bald=yes\n5 m(model)@2: Bald=yes\n", 0, NULL },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

#define SCORED(label, score)                                                                  \
    TASK("\"image\": \"1\"", "\"predictions\": [{\"model_version\": \"m\", \"score\": " score \
                             ", \"result\": [" RESULT("Bald", "\"" label "\"") "]}]")
#define OURS                                                                        \
    "\"image\": \"1\", \"p_Bald\": 0.75, \"assent\": {\"of\": \"m\", \"answers\": " \
    "{\"Hair\": \"unsure\", \"Bald\": \"no\", \"Tags\": \"hat\", \"x\": \"y\"}}"

/* A score is a probability where it can be one; what we put beside speaks of our own entry only,
 * and gives way to what was answered since. */
static void label_studio_has_scores_and_what_we_put_beside(void **state)
{
    static const struct file_row rows[] = {
        { "a score of yes", "auto", SCORED("yes", "0.75"), "1 m(model)@1: Bald=yes p=0.75\n", 0,
          NULL },
        { "a score of no", "auto", SCORED("no", "0.75"), "1 m(model)@1: Bald=no p=0.25\n", 0,
          NULL },
        { "a score in percent", "auto", SCORED("yes", "75"), "1 m(model)@1: Bald=yes\n", 0, NULL },
        { "ours", "auto", TASK(OURS, BALD), "1 m(model)@1: Bald=yes p=0.75 Hair=unsure\n", 0,
          NULL },
        { "another model's beside ours", "auto",
          TASK(OURS, "\"predictions\": [{\"model_version\": \"n\", \"result\": [" RESULT(
                         "Bald", "\"yes\"") "]}]"),
          "1 n(model)@1: Bald=yes\n", 0, NULL },
        { "people's, as we wrote them", "auto", TASK(OURS, "\"annotations\": [{\"result\": []}]"),
          "1 m(human)@1: Hair=unsure Bald=no\n", 0, NULL },
        { "people's, as Label Studio saved them", "auto",
          TASK(OURS, "\"annotations\": [{\"completed_by\": 1, \"result\": []}]"),
          "1 label-studio-1(human)@1:\n", 0, NULL },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

static void label_studio_is_read_as_people_export_it(void **state)
{
    static const struct file_row rows[] = {
        { "another key of the data", "label-studio",
          TASK("\"text\": \"x\", \"img\": \"s3://b/1.jpg\"", BALD),
          "1 m(model)@s3://b/1.jpg: Bald=yes\n", 0, NULL },
        { "stars", "label-studio",
          TASK("\"image\": \"1\"",
               "\"annotations\": [{\"result\": [{\"from_name\": \"Age\", \"type\": \"rating\","
               "\"value\": {\"rating\": 2}}]}]"),
          "1 label-studio(human)@1: Age=young\n", 0, NULL },
        { "JSON_MIN", "auto",
          "[{\"image\": \"1.jpg\", \"id\": 1, \"Bald\": \"yes\", \"Tags\": {\"choices\": [\"tie\", "
          "\"hat\"]}, \"Hair\": null, \"Age\": 2, \"annotator\": 3, \"annotation_id\": 9, "
          "\"lead_time\": 3.1},\n{\"photo\": \"/data/upload/1/x.jpg\", \"Bald\": \"no\", "
          "\"annotator\": \"a@b.c\"}]",
          "1 label-studio-3(human)@1.jpg: Bald=yes Tags:hat=yes Tags:tie=yes Age=young\n"
          "2 a@b.c(human)@/data/upload/1/x.jpg: Bald=no\n",
          0, NULL },
        { "its CSV", "auto",
          "image,id,Bald,Tags,annotator,annotation_id,created_at,updated_at,lead_time\n"
          "/data/upload/1/x.jpg,1,yes,\"{\"\"choices\"\": "
          "[\"\"hat\"\",\"\"tie\"\"]}\",3,9,t,t,3.1\n"
          "y.jpg,1,no,hat,a@b.c,10,t,t,\n",
          "2 label-studio-3(human)@/data/upload/1/x.jpg: Bald=yes Tags:hat=yes Tags:tie=yes\n"
          "3 a@b.c(human)@y.jpg: Bald=no Tags:hat=yes Tags:tie=no\n",
          0, NULL },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

/* project/catalogue.h reads addresses, whatever file they stand in. */
static void label_studio_gives_the_address_as_it_stands(void **state)
{
    static const struct {
        const char *data, *key;
    } rows[] = {
        { "\"image\": \"faces/1.jpg\"", "faces/1.jpg" },
        { "\"image\": \"/data/local-files/?d=faces/a%20b.jpg&x=1\"",
          "/data/local-files/?d=faces/a%20b.jpg&x=1" },
        { "\"image\": \"https://host/1.jpg?v=2#top\"", "https://host/1.jpg?v=2#top" },
        { "\"image\": \"https://host/1.jpg\", \"key\": \"own/1.jpg\"", "own/1.jpg" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[400], wanted[100];
        struct file_row row = { rows[i].key, "label-studio", text, wanted, 0, NULL };

        snprintf(text, sizeof(text), TASK("%s", BALD), rows[i].data);
        snprintf(wanted, sizeof(wanted), "1 m(model)@%s: Bald=yes\n", rows[i].key);
        check_file(all_kinds, &row, strlen(text));
    }
}

static void label_studio_counts_what_was_cancelled(void **state)
{
    static const char text[] =
        TASK("\"image\": \"1\"", "\"annotations\": [{\"was_cancelled\": true, \"result\": []},"
                                 "{\"was_cancelled\": false, \"result\": []}]");
    struct reading r;
    struct err e;

    (void)state;
    assert_ok(read_text(&r, all_kinds, "label-studio", text, strlen(text), &e), &e);
    assert_int_equal(labels_found(r.labels)->cancelled, 1);
    assert_int_equal(labels_found(r.labels)->rows, 1);
    reading_end(&r);
}

/* ---- what all formats have in common ---- */

/* A file of each format that says the same; with LF, and nothing behind the last. */
static const struct {
    const char *format, *text;
} same_labels[] = {
    { "celeba", "2\nBald Smiling\n\xc3\xa9/1.jpg -1 1\n2.jpg 1 1\n" },
    { "csv", "image,Bald,Smiling\n\xc3\xa9/1.jpg,-1,1\n2.jpg,1,1\n" },
    { "long", "task,worker,label\n\xc3\xa9/1.jpg/Bald,m,-1\n\xc3\xa9/1.jpg/Smiling,m,1\n"
              "2.jpg/Bald,m,1\n2.jpg/Smiling,m,1\n" },
    { "jsonl", LINE("\xc3\xa9/1.jpg", "Bald", "\"value\": -1") LINE("\xc3\xa9/1.jpg", "Smiling",
                                                                    "\"value\": 1")
                   LINE("2.jpg", "Bald", "\"value\": 1") LINE("2.jpg", "Smiling", "\"value\": 1") },
    { "label-studio",
      "[\n{\"data\": {\"image\": \"\xc3\xa9/1.jpg\"}, \"predictions\": [{\"result\": [" RESULT(
          "Bald",
          "\"-1\"") "," RESULT("Smiling",
                               "\"1\"") "]}]},\n"
                                        "{\"data\": {\"image\": \"2.jpg\"}, \"predictions\": "
                                        "[{\"result\": [" RESULT("Bald", "\"1\"") "," RESULT(
                                            "Smiling", "\"1\"") "]}]}\n]\n" },
};

static void formats_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(same_labels); i++) {
        struct reading r;
        struct err e;

        assert_ok(read_text(&r, yes_no, i % 2 == 0 ? NULL : "auto", same_labels[i].text,
                            strlen(same_labels[i].text), &e),
                  &e);
        assert_string_equal(labels_found(r.labels)->format, same_labels[i].format);
        reading_end(&r);
    }
}

/* A text with other line ends, behind a mark or without its last line end. */
static void change(struct buf *out, const char *text, bool crlf, bool mark, bool cut)
{
    size_t len = strlen(text) - (cut ? 1 : 0);

    buf_clear(out);
    buf_puts(out, mark ? "\xef\xbb\xbf" : "");
    for (size_t i = 0; i < len; i++) {
        if (crlf && text[i] == '\n')
            buf_putc(out, '\r');
        buf_putc(out, text[i]);
    }
}

static void line_ends_and_a_byte_order_mark_change_nothing(void **state)
{
    struct buf text = BUF_INIT(ROWS_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(same_labels); i++) {
        const char *plain = same_labels[i].text;
        struct reading wanted;
        struct err e;

        assert_ok(read_text(&wanted, yes_no, NULL, plain, strlen(plain), &e), &e);
        assert_contains(wanted.rows.text, "\xc3\xa9/1.jpg");
        for (unsigned how = 1; how < 8; how++) {
            struct reading r;

            change(&text, plain, how & 1, how & 2, how & 4);
            assert_ok(read_text(&r, yes_no, NULL, text.text, text.len, &e), &e);
            if (strcmp(r.rows.text, wanted.rows.text) != 0)
                fail_row(same_labels[i].format, "changed by %u:\n%s", how, r.rows.text);
            reading_end(&r);
        }
        reading_end(&wanted);
    }
    buf_release(&text);
}

static void names_are_matched_as_they_stand_else_folded(void **state)
{
    static const char text[] =
        "image,bald,WAVY-HAIR,Hair,Young,Chubby,tags:HAT\na,1,0,black,?,?,1\n";
    static const char *const folded[] = { "bald",      "Bald",     "WAVY-HAIR",
                                          "Wavy_Hair", "tags:HAT", "Tags:hat" };
    const struct labels_found *f;
    struct reading r;
    struct err e;

    (void)state;
    assert_ok(read_text(&r, all_kinds, "csv", text, strlen(text), &e), &e);
    f = labels_found(r.labels);
    assert_string_equal(r.rows.text, "2 a: Bald=yes Wavy_Hair=no Hair=black Tags:hat=yes\n");
    assert_int_equal(f->rows, 1);
    assert_int_equal(f->n_names, 6);
    assert_int_equal(f->n_matched, 4);
    CHECK_TEXTS("not matched", f->unmatched, f->n_unmatched, "Young", "Chubby");
    check_texts("folded", f->folded, 2 * f->n_folded, folded, COUNT(folded));
    assert_int_equal(f->codings, CODING_ZERO | CODING_ONE | CODING_OPTION);
    reading_end(&r);
}

/* A name may come in two spellings where a row is a cell: it is one question. */
static void names_are_counted_once(void **state)
{
    static const char text[] =
        "task,worker,label\na/Bald,m,1\nb/bald,m,1\nc/Bald,m,1\nd/x,m,1\ne/x,m,1\n";
    const struct labels_found *f;
    struct reading r;
    struct err e;

    (void)state;
    assert_ok(read_text(&r, yes_no, NULL, text, strlen(text), &e), &e);
    f = labels_found(r.labels);
    assert_int_equal(f->rows, 5);
    assert_int_equal(f->n_names, 2);
    assert_int_equal(f->n_matched, 1);
    assert_int_equal(f->n_folded, 1);
    assert_int_equal(f->n_unmatched, 1);
    reading_end(&r);
}

static void names_that_are_not_matched_hold_no_control_characters(void **state)
{
    static const char text[] = "image,\"a\x1b[31m\"\n1,2\n";
    struct reading r;
    struct err e;

    (void)state;
    assert_ok(read_text(&r, yes_no, "csv", text, strlen(text), &e), &e);
    assert_string_equal(labels_found(r.labels)->unmatched[0], "a?[31m");
    reading_end(&r);
}

static void provenance_is_the_file_and_its_hash(void **state)
{
    const char *path = scratch_path(state, "labels.csv"), *source, *hash;
    char wanted[SHA256_HEX];
    struct reading r;
    struct err e;

    write_file(path, same_labels[1].text, strlen(same_labels[1].text));
    sha256_hex(same_labels[1].text, strlen(same_labels[1].text), wanted);
    assert_ok(read_path(&r, yes_no, NULL, path, &e), &e);
    assert_ok(labels_provenance(r.labels, "anna", &source, &hash, &e), &e);
    assert_string_equal(source, path);
    assert_string_equal(hash, wanted);
    reading_end(&r);
}

/* What R's write.csv and pandas' QUOTE_ALL make of it. */
static void long_is_recognised_with_quotes_around_its_names(void **state)
{
    static const struct file_row row = {
        "quoted",
        "auto",
        "\"task\",\"worker\",\"label\"\n\"1/Bald\",\"anna\",\"yes\"\n",
        "2 anna@1: Bald=yes\n",
        0,
        NULL
    };

    (void)state;
    check_file(yes_no, &row, strlen(row.text));
}

/* ---- metadata ---- */

static void metadata_has_columns_to_group_by(void **state)
{
    static const char text[] = "\xef\xbb\xbfimage;who;age\r\n\"a;1\";\"x \"\"y\"\"\";\r\n"
                               "b\xc3\xa9;;old\r\n";
    static const char *const keys[] = { "a;1", "b\xc3\xa9" };
    static const char *const values[2][2] = { { "x \"y\"", "" }, { "", "old" } };
    const char *path = scratch_path(state, "m.csv"), *key;
    const char *const *names, *const *got;
    struct metadata *m;
    unsigned long line;
    struct err e;

    write_file(path, text, strlen(text));
    assert_ok(metadata_open(&m, path, NULL, &e), &e);
    size_t n = metadata_names(m, &names);
    CHECK_TEXTS("names", names, n, "who", "age");
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(metadata_next(m, &key, &got, &line, &e), 1);
        assert_string_equal(key, keys[i]);
        check_texts(key, got, 2, values[i], 2);
        assert_int_equal(line, i + 2);
    }
    assert_int_equal(metadata_next(m, &key, &got, &line, &e), 0);
    metadata_close(m);
    metadata_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(celeba_parts_its_rows_at_spaces),
        cmocka_unit_test(csv_has_a_column_a_question),
        cmocka_unit_test(long_has_a_row_a_vote),
        cmocka_unit_test(jsonl_has_a_line_a_cell),
        cmocka_unit_test(label_studio_has_entries_of_models_and_people),
        cmocka_unit_test(label_studio_has_scores_and_what_we_put_beside),
        cmocka_unit_test(label_studio_is_read_as_people_export_it),
        cmocka_unit_test(label_studio_gives_the_address_as_it_stands),
        cmocka_unit_test(label_studio_counts_what_was_cancelled),
        cmocka_unit_test(formats_are_recognised),
        cmocka_unit_test(line_ends_and_a_byte_order_mark_change_nothing),
        cmocka_unit_test(names_are_matched_as_they_stand_else_folded),
        cmocka_unit_test(names_are_counted_once),
        cmocka_unit_test(names_that_are_not_matched_hold_no_control_characters),
        cmocka_unit_test(long_is_recognised_with_quotes_around_its_names),
        test_with_scratch(provenance_is_the_file_and_its_hash),
        test_with_scratch(metadata_has_columns_to_group_by),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("formats_read", tests, NULL, NULL);
}
