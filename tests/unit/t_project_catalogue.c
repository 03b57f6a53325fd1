/* SPDX-License-Identifier: MIT */
/*
 * project/catalogue.h: which image a key of a file means, and pictures of a folder or archive
 * joined with the project's images.
 */
#include "support_project.h"

#include "project/catalogue.h"

/* ---- keys ---- */

enum { MOST = 8 };

/* Images that no database knows, with ids from 1. */
struct images {
    struct store_images list;
    const char *keys[MOST];
    int64_t ids[MOST];
    size_t index_of[MOST + 1];
    char text[200];
};

/* keys: parted by spaces. */
static void images_of(struct images *images, const char *keys)
{
    char *rest = images->text;

    *images = (struct images){ 0 };
    snprintf(images->text, sizeof(images->text), "%s", keys);
    images->index_of[0] = SIZE_MAX;
    for (const char *key; (key = strtok_r(rest, " ", &rest));) {
        assert_in_range(images->list.n, 0, MOST - 1);
        images->keys[images->list.n] = key;
        images->ids[images->list.n] = (int64_t)images->list.n + 1;
        images->index_of[images->list.n + 1] = images->list.n;
        images->list.n++;
    }
    images->list.keys = images->keys;
    images->list.ids = images->ids;
    images->list.index_of = images->index_of;
    images->list.max_id = (int64_t)images->list.n;
}

struct key_row {
    const char *images, *key, *found; /* found NULL: no image */
    enum match how;
};

static void check_keys(const struct key_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct images images;
        struct matcher *m;
        enum match how;
        struct err e;
        size_t image;

        images_of(&images, rows[i].images);
        assert_ok(matcher_new(&m, &images.list, &e), &e);
        assert_ok(matcher_find(m, rows[i].key, &image, &how, &e), &e);
        if (how != rows[i].how)
            fail_row(rows[i].key, "found in '%s': %d", rows[i].images, (int)how);
        if (rows[i].found && strcmp(images.keys[image], rows[i].found) != 0)
            fail_row(rows[i].key, "found '%s', not '%s'", images.keys[image], rows[i].found);
        matcher_free(m);
    }
}

static void keys_are_found_as_they_stand_else_folded(void **state)
{
    static const struct key_row rows[] = {
        { "1.jpg 2.jpg", "2.jpg", "2.jpg", MATCH_EXACT },
        { "a/1.jpg b/1.jpg", "b/1.jpg", "b/1.jpg", MATCH_EXACT },
        { "009189.jpg 9190.jpg", "9189", "009189.jpg", MATCH_FOLDED },
        { "9189 9190", "009189.jpg", "9189", MATCH_FOLDED },
        { "009189.jpg", "img/9189.JPG", "009189.jpg", MATCH_FOLDED },
        { "train/x.png", "x", "train/x.png", MATCH_FOLDED },
        { "x.jpeg", "x.webp", "x.jpeg", MATCH_FOLDED },
        { "0.jpg 1.jpg", "000", "0.jpg", MATCH_FOLDED }, /* a zero is left of it */
        { "1.jpg", "2.jpg", NULL, MATCH_NONE },
        { "a.jpg", "A.jpg", NULL, MATCH_NONE }, /* names differ by case */
        { "1.jpg", "1.txt", NULL, MATCH_NONE }, /* which is no image's extension */
        { "11.jpg", "1.jpg", NULL, MATCH_NONE },
        { "", "1.jpg", NULL, MATCH_NONE },
    };

    (void)state;
    check_keys(rows, COUNT(rows));
    matcher_free(NULL);
}

static void a_key_as_it_stands_goes_before_a_folded_one(void **state)
{
    static const struct key_row rows[] = {
        { "01.jpg 1.jpg 001.jpg", "1.jpg", "1.jpg", MATCH_EXACT },
        { "a/1.jpg 1 b/1.jpg", "1", "1", MATCH_EXACT },
    };

    (void)state;
    check_keys(rows, COUNT(rows));
}

static const struct {
    const char *images, *key, *first, *second;
} ambiguous[] = {
    { "a/1.jpg b/1.jpg", "1.jpg", "a/1.jpg", "b/1.jpg" },
    { "x 01.jpg 1.jpg", "001.jpg", "01.jpg", "1.jpg" },
    { "a/1.jpg b/1.jpg c/1.jpg", "1", "a/1.jpg", "b/1.jpg" },
    { "face.jpg face.png", "face", "face.jpg", "face.png" },
    { "x/face.jpg face.jpg face.png", "y/face", "face.jpg", "face.png" },
};

static void a_key_that_two_images_may_mean_is_refused_with_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ambiguous); i++) {
        struct err e = { 0 };
        struct images images;
        struct matcher *m;
        char text[ERR_TEXT_MAX];
        enum match how;
        size_t image;

        images_of(&images, ambiguous[i].images);
        assert_ok(matcher_new(&m, &images.list, &e), &e);
        if (matcher_find(m, ambiguous[i].key, &image, &how, &e) >= 0)
            fail_row(ambiguous[i].key, "is not refused");
        err_text(&e, text);
        assert_contains(text, ambiguous[i].key);
        assert_contains(text, ambiguous[i].first);
        assert_contains(text, ambiguous[i].second);
        matcher_free(m);
    }
}

/* The rule that no label lands on another picture: by whole parts of the path, the longest first,
 * in one form of Unicode, with percent signs decoded. */
static void a_key_means_the_image_whose_path_ends_with_it(void **state)
{
    static const struct key_row rows[] = {
        { "train/a/1.jpg train/b/1.jpg", "b/1.jpg", "train/b/1.jpg", MATCH_FOLDED },
        { "a/1.jpg", "b/1.jpg", NULL, MATCH_NONE },
        { "caf\xc3\xa9.jpg", "cafe\xcc\x81.jpg", "caf\xc3\xa9.jpg", MATCH_FOLDED },
        { "a\xc3\xa9.jpg", "a%C3%A9.jpg", "a\xc3\xa9.jpg", MATCH_FOLDED },
        /* the longest end goes first, and a folder of the same name is not enough */
        { "1.jpg b/1.jpg", "pics/b/1.jpg", "b/1.jpg", MATCH_FOLDED },
        { "2019/b/1.jpg", "2020/b/1.jpg", NULL, MATCH_NONE },
        { "xb/1.jpg", "b/1.jpg", NULL, MATCH_NONE },
        { "a/1.jpg", "/home/anna/a/1.jpg", "a/1.jpg", MATCH_FOLDED },
        { "a/1.jpg", "./a//1.jpg", "a/1.jpg", MATCH_FOLDED },
        { "a/1.jpg", "C:\\pics\\a\\1.jpg", "a/1.jpg", MATCH_FOLDED },
        { "a/01.jpg b/1.jpg", "a/1", "a/01.jpg", MATCH_FOLDED },
        /* an image's own name is not read as an address */
        { "a%20b.jpg", "a%20b.jpg", "a%20b.jpg", MATCH_EXACT },
        { "x/a%20b.jpg", "a%20b.jpg", "x/a%20b.jpg", MATCH_FOLDED },
        { "face.jpg", "face#1.jpg", NULL, MATCH_NONE },
        { "1.jpg", "1.jpg?v=2", NULL, MATCH_NONE },
        { "a.jpg", "a%00.jpg", NULL, MATCH_NONE },
        { "a.jpg", "%FFa.jpg", NULL, MATCH_NONE },
        { "a.jpg", "/", NULL, MATCH_NONE },
    };

    (void)state;
    check_keys(rows, COUNT(rows));
}

static void an_address_means_the_image_that_it_leads_to(void **state)
{
    static const struct key_row rows[] = {
        { "b/1.JPG", "s3://bucket/pics/b/1.JPG", "b/1.JPG", MATCH_FOLDED },
        { "a/1.JPG", "s3://bucket/pics/b/1.JPG", NULL, MATCH_NONE },
        { "a/1.JPG b/1.JPG", "gs://bucket/b/1.JPG", "b/1.JPG", MATCH_FOLDED },
        { "b/1.jpg", "https://host/b/1.jpg?X-Sig=a/2.jpg#x", "b/1.jpg", MATCH_FOLDED },
        { "b/a+1.jpg", "http://host:80/b/a%2B1.jpg", "b/a+1.jpg", MATCH_FOLDED },
        { "b/1.jpg 2.jpg a/2.jpg", "https://host/c/3.jpg?X=a/2.jpg", NULL, MATCH_NONE },
        { "2.jpg", "/c/3.jpg?next=/2.jpg", NULL, MATCH_NONE },
        { "2.jpg", "s3://bucket/c/3.jpg#/2.jpg", NULL, MATCH_NONE },
        { "https://h/a/1.jpg?sig=1 2.jpg", "https://h/a/1.jpg?sig=2", "https://h/a/1.jpg?sig=1",
          MATCH_FOLDED },
        { "b/1.jpg", "file:///home/anna/b/1.jpg", "b/1.jpg", MATCH_FOLDED },
        { "b/1.jpg", "/data/local-files/?d=pics%2Fb%2F1.jpg&x=1", "b/1.jpg", MATCH_FOLDED },
        { "b/1.jpg", "http://host/data/local-files/?d=pics/b/1.jpg", "b/1.jpg", MATCH_FOLDED },
        { "face.jpg", "/data/upload/3/0a1b2c3d-face.jpg", "face.jpg", MATCH_FOLDED },
        { "b/face.jpg", "/data/upload/3/0a1b2c3d-face.jpg", "b/face.jpg", MATCH_FOLDED },
        { "face.jpg", "http://host/data/upload/3/0a1b2c3d-face.jpg", "face.jpg", MATCH_FOLDED },
        { "face.jpg", "0a1b2c3d-face.jpg", "face.jpg", MATCH_FOLDED },
        { "3/face.jpg", "upload/3/0a1b2c3d-face.jpg", "3/face.jpg", MATCH_FOLDED },
        { "b/face.jpg", "a/0a1b2c3d-face.jpg", NULL, MATCH_NONE },
        { "0a1b2c3d-face.jpg face.jpg", "x/0a1b2c3d-face.jpg", "0a1b2c3d-face.jpg", MATCH_FOLDED },
        { "face.jpg", "0A1B2C3D-face.jpg", NULL, MATCH_NONE }, /* not as Label Studio writes it */
        { "face.jpg", "0a1b2c3-face.jpg", NULL, MATCH_NONE },
    };

    (void)state;
    check_keys(rows, COUNT(rows));
}

/* Two keys of one file, parted by a space, and whether they may be one image. */
static void two_names_of_one_file_are_not_one_image(void **state)
{
    static const struct {
        const char *images, *first, *second;
        bool one;
    } rows[] = {
        { "1.jpg", "1.jpg", "1.jpg", true },
        { "1.jpg", "01.jpg", "1", true },
        { "b/1.jpg", "https://h/b/1.jpg?s=1", "https://h/b/1.jpg?s=2", true },
        { "b/1.jpg", "x/b/1.jpg", "x//b/1.jpg", true },
        { "1.jpg", "a/1.jpg", "b/1.jpg", false },
        { "1.jpg", "1.jpg", "b/1.jpg", false },
        { "1.jpg", "/data/upload/1/0a1b2c3d-1.jpg", "/data/upload/1/1a1b2c3d-1.jpg", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct images images;
        struct matcher *m;
        char text[ERR_TEXT_MAX];
        enum match how;
        struct err e;
        size_t image;
        int rc;

        images_of(&images, rows[i].images);
        assert_ok(matcher_new(&m, &images.list, &e), &e);
        assert_ok(matcher_take(m, rows[i].first, &image, &how, &e), &e);
        assert_int_equal(image, 0);
        rc = matcher_take(m, rows[i].second, &image, &how, &e);
        if (rc != (rows[i].one ? 0 : ERR_FORMAT))
            fail_row(rows[i].second, "after '%s': %d", rows[i].first, rc);
        if (!rows[i].one) {
            err_text(&e, text);
            assert_contains(text, rows[i].first);
            assert_contains(text, rows[i].second);
        }
        matcher_free(m);
    }
}

static void a_key_that_was_added_is_found_from_then_on(void **state)
{
    struct images images;
    struct matcher *m;
    enum match how;
    struct err e;
    size_t image;

    (void)state;
    images_of(&images, "1.jpg 2.jpg");
    assert_ok(matcher_new(&m, &images.list, &e), &e);
    assert_ok(matcher_find(m, "new.jpg", &image, &how, &e), &e);
    assert_int_equal(how, MATCH_NONE);
    assert_ok(matcher_add(m, "new.jpg", 2, &e), &e);
    assert_ok(matcher_find(m, "new.jpg", &image, &how, &e), &e);
    assert_int_equal(how, MATCH_EXACT);
    assert_int_equal(image, 2);
    matcher_free(m);
}

/* ---- pictures joined with images ---- */

struct join_row {
    const char *what, *images, *pictures;
    const char *image_of; /* of each picture in the order of the keys' bytes; "-": none */
    size_t matched, folded;
};

static const struct join_row joins[] = {
    { "by path", "1.jpg b/2.jpg", "1.jpg b/2.jpg", "1.jpg b/2.jpg", 2, 0 },
    { "by base name", "1 2.jpg", "a/001.jpg a/2.jpg", "1 2.jpg", 2, 2 },
    { "pictures without images", "2.jpg", "1.jpg 2.jpg 3.jpg", "- 2.jpg -", 1, 0 },
    { "images without pictures", "1.jpg 2.jpg 3.jpg", "2.jpg", "2.jpg", 1, 0 },
    { "no images", "", "1.jpg 2.jpg", "- -", 0, 0 },
    { "an own key goes before a folded one", "1.jpg", "001.jpg 1.jpg", "- 1.jpg", 1, 0 },
    { "another beside those with their own", "a/1.jpg b/1.jpg", "1.jpg a/1.jpg b/1.jpg",
      "- a/1.jpg b/1.jpg", 2, 0 },
    { "of what is left", "a/1.jpg b/1.jpg", "1.jpg b/1.jpg", "a/1.jpg b/1.jpg", 2, 1 },
    { "a picture of its own and one by its base name", "x/1.jpg 2.jpg", "x/1.jpg y/2.jpg",
      "x/1.jpg 2.jpg", 2, 1 },
};

/* The words of a text, which is changed. */
static size_t split(char *text, const char *words[MOST])
{
    size_t n = 0;

    for (char *word; (word = strtok_r(text, " ", &text));)
        words[n++] = word;
    return n;
}

static size_t index_of(const struct images *images, const char *key)
{
    for (size_t i = 0; i < images->list.n; i++)
        if (strcmp(images->keys[i], key) == 0)
            return i;
    return SIZE_MAX;
}

static void check_join(const struct join_row *row, const char *path, bool is_a_tar)
{
    char text[200];
    const char *wanted[MOST], *kind = is_a_tar ? "a tar" : "a folder";
    size_t pictures = 0;
    struct catalogue c = { 0 };
    struct images images;
    struct err e;

    images_of(&images, row->images);
    snprintf(text, sizeof(text), "%s", row->image_of);
    assert_ok(catalogue_open(&c, path, &images.list, NULL, &e), &e);
    assert_string_equal(c.path, path);
    if (image_source_count(c.source) != split(text, wanted))
        fail_row(row->what, "%s: %zu pictures", kind, image_source_count(c.source));
    for (size_t i = 0; i < image_source_count(c.source); i++) {
        if (c.image_of[i] != index_of(&images, wanted[i]))
            fail_row(row->what, "%s: '%s' is not '%s'", kind, image_source_key(c.source, i),
                     wanted[i]);
        pictures += c.image_of[i] != SIZE_MAX;
        if (c.image_of[i] != SIZE_MAX)
            assert_int_equal(c.picture_of[c.image_of[i]], i);
    }
    for (size_t i = 0; i < images.list.n; i++)
        pictures -= c.picture_of[i] != SIZE_MAX;
    if (pictures != 0 || c.n_matched != row->matched || c.n_folded != row->folded)
        fail_row(row->what, "%s: %zu matched, %zu folded", kind, c.n_matched, c.n_folded);
    catalogue_close(&c);
    catalogue_close(&c); /* as after the first time, it is zeroed */
}

static void pictures_are_joined_with_images(void **state)
{
    for (size_t i = 0; i < COUNT(joins); i++) {
        char text[200], folder[32], tar[32];
        const char *keys[MOST];
        size_t n;

        snprintf(text, sizeof(text), "%s", joins[i].pictures);
        n = split(text, keys);
        snprintf(folder, sizeof(folder), "pictures-%zu", i);
        snprintf(tar, sizeof(tar), "pictures-%zu.tar", i);
        put_pictures(state, folder, keys, n);
        put_tar(state, tar, keys, n);
        check_join(&joins[i], scratch_path(state, folder), false);
        check_join(&joins[i], scratch_path(state, tar), true);
    }
}

static void joins_that_could_be_others_are_refused_with_both(void **state)
{
    static const struct {
        const char *images, *pictures[2], *named[2];
    } rows[] = {
        { "1.jpg", { "a/1.jpg", "b/1.jpg" }, { "a/1.jpg", "b/1.jpg" } },
        { "a/1.jpg b/1.jpg", { "1.jpg", "2.jpg" }, { "a/1.jpg", "b/1.jpg" } },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct catalogue c = { 0 };
        struct images images;
        char folder[32], text[ERR_TEXT_MAX];
        struct err e;

        images_of(&images, rows[i].images);
        snprintf(folder, sizeof(folder), "two-%zu", i);
        put_pictures(state, folder, (const char *[]){ rows[i].pictures[0], rows[i].pictures[1] },
                     2);
        assert_refused(catalogue_open(&c, scratch_path(state, folder), &images.list, NULL, &e), &e,
                       ERR_FORMAT);
        err_text(&e, text);
        assert_contains(text, rows[i].named[0]);
        assert_contains(text, rows[i].named[1]);
        assert_contains(text, folder);
        assert_null(c.source);
    }
}

/* Says that it shall end once it was asked so often. */
struct patience {
    size_t asked, most;
};

static bool is_over(void *data)
{
    struct patience *p = data;

    return p->asked++ >= p->most;
}

/* While the pictures are looked for, and while they are joined. */
static void a_join_may_be_cancelled(void **state)
{
    struct patience endless = { .most = SIZE_MAX }, none = { 0 }, just;
    struct catalogue c = { 0 };
    struct image_source *source;
    struct images images;
    struct err e;

    images_of(&images, "1.jpg");
    put_file(state, "pictures/1.jpg", "");
    assert_ok(image_source_open(&source, scratch_path(state, "pictures"),
                                &(struct events){ .cancelled = is_over, .data = &endless }, &e),
              &e);
    image_source_close(source);
    just = (struct patience){ .most = endless.asked };
    assert_refused(catalogue_open(&c, scratch_path(state, "pictures"), &images.list,
                                  &(struct events){ .cancelled = is_over, .data = &none }, &e),
                   &e, ERR_INTERRUPTED);
    assert_null(c.source);
    assert_refused(catalogue_open(&c, scratch_path(state, "pictures"), &images.list,
                                  &(struct events){ .cancelled = is_over, .data = &just }, &e),
                   &e, ERR_INTERRUPTED);
    assert_null(c.source);
    assert_null(c.image_of);
}

static void pictures_that_are_not_there_are_refused(void **state)
{
    struct catalogue c = { 0 };
    struct images images;
    struct err e;

    images_of(&images, "1.jpg");
    assert_refused(catalogue_open(&c, scratch_path(state, "none"), &images.list, NULL, &e), &e,
                   ERR_IO);
    assert_contains(e.where, "none");
    assert_null(c.path);
    put_file(state, "texts/1.txt", "");
    assert_refused(catalogue_open(&c, scratch_path(state, "texts"), &images.list, NULL, &e), &e,
                   ERR_FORMAT);
    assert_contains(e.where, "texts");
    assert_null(c.path);
}

/* ---- a project's pictures ---- */

static void assent_yaml_says_where_the_pictures_are(void **state)
{
    struct project *p = new_project(state, plain_task); /* images: pictures/ */
    struct catalogue c = { 0 };
    struct images images;
    struct err e;

    images_of(&images, "1.jpg");
    assert_refused(catalogue_open_project(&c, p, &images.list, NULL, &e), &e, ERR_IO);
    assert_contains(e.hint, "assent.yaml");
    put_file(state, "pictures/1.jpg", "");
    assert_ok(catalogue_open_project(&c, p, &images.list, NULL, &e), &e);
    assert_int_equal(c.n_matched, 1);
    assert_ok(catalogue_need(&c, &e), &e);
    catalogue_close(&c);
    project_close(p);
}

static void a_project_may_have_no_pictures(void **state)
{
    struct project *p =
        new_project(state, "name: none\nquestions:\n  - {name: Bald, text: Bald?}\n");
    struct catalogue c = { 0 };
    struct images images;
    struct err e;

    images_of(&images, "1.jpg");
    assert_ok(catalogue_open_project(&c, p, &images.list, NULL, &e), &e);
    assert_null(c.source);
    assert_ptr_equal(c.images, &images.list);
    assert_refused(catalogue_need(&c, &e), &e, ERR_ARG);
    assert_contains(e.what, "assent.yaml");
    assert_contains(e.hint, "images:");
    catalogue_close(&c);
    project_close(p);
}

/* ---- pictures that become images ---- */

/* A project with the images 2.jpg and 7, and the pictures 1.jpg, 2.jpg, 3.jpg and a/007.jpg. */
struct world {
    struct project *p;
    struct store_images images;
    struct catalogue c;
};
enum { PICTURES = 4, KNOWN = 2, NEW = 2 };
static const char *const pictures[PICTURES] = { "1.jpg", "2.jpg", "3.jpg", "a/007.jpg" };
/* What each is once those without an image have one; the first two have the ids 1 and 2. */
static const char *const registered[PICTURES] = { "1.jpg", "2.jpg", "3.jpg", "7" };
static const int64_t ids[PICTURES] = { 3, 1, 4, 2 };

static void world_open(struct world *w, void **state, enum project_mode mode)
{
    struct err e;

    *w = (struct world){ .p = new_project(state, plain_task) };
    add_image(w->p, "2.jpg");
    add_image(w->p, "7");
    put_pictures(state, "pictures", pictures, PICTURES);
    project_close(w->p);
    w->p = project_in(state, NULL, mode);
    assert_ok(store_images_load(w->p->store, &w->images, &e), &e);
    assert_ok(catalogue_open_project(&w->c, w->p, &w->images, NULL, &e), &e);
    assert_int_equal(w->c.n_matched, KNOWN);
}

static void world_close(struct world *w)
{
    catalogue_close(&w->c);
    store_images_release(&w->images);
    project_close(w->p);
}

/* Every picture is an image, and every image that has one knows its picture. */
static void check_all_are_images(const struct catalogue *c, size_t n_images)
{
    const struct store_images *images = c->images;

    assert_int_equal(images->n, n_images);
    for (size_t i = 0; i < PICTURES; i++) {
        size_t image = c->image_of[i];

        assert_in_range(image, 0, images->n - 1);
        assert_string_equal(images->keys[image], registered[i]);
        assert_int_equal(c->picture_of[image], i);
        assert_int_equal(images->ids[image], ids[i]);
        assert_int_equal(store_images_index(images, ids[i]), image);
    }
}

static void joining_changes_nothing(void **state)
{
    struct world w;

    world_open(&w, state, PROJECT_WRITE);
    assert_int_equal(count_images(w.p), KNOWN);
    assert_ptr_equal(w.c.images, &w.images);
    assert_int_equal(w.images.n, KNOWN);
    world_close(&w);
}

static void registering_makes_images_and_keeps_the_ids_of_those_that_there_are(void **state)
{
    struct world w;
    struct err e;
    size_t n_new;

    world_open(&w, state, PROJECT_WRITE);
    assert_ok(catalogue_register(&w.c, w.p, &n_new, &e), &e);
    assert_int_equal(n_new, NEW);
    assert_true(w.c.images != &w.images); /* from now on its own list */
    check_all_are_images(&w.c, KNOWN + NEW);
    assert_ok(catalogue_register(&w.c, w.p, &n_new, &e), &e);
    assert_int_equal(n_new, 0);
    check_all_are_images(&w.c, KNOWN + NEW);
    world_close(&w);
    w.p = project_in(state, NULL, PROJECT_READ);
    assert_int_equal(count_images(w.p), KNOWN + NEW); /* the transaction was its own */
    project_close(w.p);
}

/* Another process may have registered them since the pictures were joined. */
static void registering_adds_no_image_that_came_meanwhile(void **state)
{
    struct world w;
    struct project *other;
    struct err e;
    size_t n_new;

    world_open(&w, state, PROJECT_WRITE);
    other = project_in(state, NULL, PROJECT_WRITE);
    add_image(other, "1.jpg");
    project_close(other);
    assert_ok(catalogue_register(&w.c, w.p, &n_new, &e), &e);
    assert_int_equal(n_new, 1);
    check_all_are_images(&w.c, KNOWN + NEW);
    assert_int_equal(count_images(w.p), KNOWN + NEW);
    world_close(&w);
}

static void registering_needs_a_project_that_may_be_written(void **state)
{
    struct world w;
    struct err e;
    size_t n_new;

    world_open(&w, state, PROJECT_READ);
    assert_refused(catalogue_register(&w.c, w.p, &n_new, &e), &e, ERR_DB);
    assert_int_equal(count_images(w.p), KNOWN);
    world_close(&w);
}

static void a_preview_is_what_registering_would_make_and_registers_nothing(void **state)
{
    struct world w;
    struct err e;
    size_t n_new;

    world_open(&w, state, PROJECT_READ);
    assert_ok(catalogue_preview(&w.c, &n_new, &e), &e);
    assert_int_equal(n_new, NEW);
    check_all_are_images(&w.c, KNOWN + NEW);
    assert_int_equal(count_images(w.p), KNOWN); /* ids that the database does not know */
    assert_int_equal(w.images.n, KNOWN);
    world_close(&w);
}

static void a_preview_where_all_are_images_adds_none(void **state)
{
    struct world w;
    struct err e;
    size_t n_new;

    world_open(&w, state, PROJECT_WRITE);
    assert_ok(catalogue_register(&w.c, w.p, &n_new, &e), &e);
    catalogue_close(&w.c);
    store_images_release(&w.images);
    assert_ok(store_images_load(w.p->store, &w.images, &e), &e);
    assert_ok(catalogue_open_project(&w.c, w.p, &w.images, NULL, &e), &e);
    assert_ok(catalogue_preview(&w.c, &n_new, &e), &e);
    assert_int_equal(n_new, 0);
    check_all_are_images(&w.c, KNOWN + NEW);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_as_they_stand_else_folded),
        cmocka_unit_test(a_key_as_it_stands_goes_before_a_folded_one),
        cmocka_unit_test(a_key_that_two_images_may_mean_is_refused_with_both),
        cmocka_unit_test(a_key_means_the_image_whose_path_ends_with_it),
        cmocka_unit_test(an_address_means_the_image_that_it_leads_to),
        cmocka_unit_test(two_names_of_one_file_are_not_one_image),
        cmocka_unit_test(a_key_that_was_added_is_found_from_then_on),
        test_with_tree(pictures_are_joined_with_images),
        test_with_tree(joins_that_could_be_others_are_refused_with_both),
        test_with_tree(a_join_may_be_cancelled),
        test_with_tree(pictures_that_are_not_there_are_refused),
        test_with_tree(assent_yaml_says_where_the_pictures_are),
        test_with_tree(a_project_may_have_no_pictures),
        test_with_tree(joining_changes_nothing),
        test_with_tree(registering_makes_images_and_keeps_the_ids_of_those_that_there_are),
        test_with_tree(registering_adds_no_image_that_came_meanwhile),
        test_with_tree(registering_needs_a_project_that_may_be_written),
        test_with_tree(a_preview_is_what_registering_would_make_and_registers_nothing),
        test_with_tree(a_preview_where_all_are_images_adds_none),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("project_catalogue", tests, NULL, NULL);
}
