/* The cache file, what searches keep in it, and the search itself, on a device that is none: no driver is asked. */
#include "test_main.h"

#include "backend/opencl/cache.h"
#include "backend/opencl/opencl.h"
#include "backend/opencl/tuning.h"
#include "cache_support.h"

#include <sys/wait.h>

#define START_SIZE 16u /* as in cache.c */
#define HEADER_SIZE 28u

typedef struct fake {
  slim_device device;
  slim_cl cl;
} fake;

static void fake_open(fake *f)
{
  memset(f, 0, sizeof *f);
  f->device.info = (slim_device_info){ .selector = "opencl:9", .name = "nothing", .vendor = "nobody" };
  f->device.impl = &f->cl;
  slim_cl_tuning_open(&f->device);
  ck_assert_ptr_nonnull(f->cl.tuning);
}

static void fake_close(fake *f)
{
  slim_cl_tuning_close(&f->device);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static bool keeps(const slim_device *device, const slim_cl_cache_entry *entry)
{
  slim_cl_cache_entry found = { .key = { entry->key[0], entry->key[1] } };
  const bool there = slim_cl_cache_find(device, &found);
  if (there) { /* then it must be whole */
    ck_assert_uint_eq(found.bytes, entry->bytes);
    ck_assert_mem_eq(found.data, entry->data, entry->bytes);
  }
  free(found.data);
  return there;
}

/* Entries of 1000 and 1 bytes; the file is cut or changed at a place. */
START_TEST(a_damaged_cache_gives_whole_entries_or_none)
{
  slim_device device = { .info = { .name = "nothing", .vendor = "nobody" } };
  unsigned char many[1000], one = 7;
  memset(many, 0x5a, sizeof(many));
  const slim_cl_cache_entry entries[] = { { { 1, 2 }, many, sizeof(many), NULL }, { { 3, 4 }, &one, 1, NULL } };
  fresh_cache();
  ck_assert(!keeps(&device, &entries[0]));
  ck_assert_int_eq(slim_cl_cache_store(&device, entries, 2), SLIM_OK);
  ck_assert(keeps(&device, &entries[0]) && keeps(&device, &entries[1]));
  char *path = cache_file();
  unsigned char *data = NULL;
  size_t size = 0;
  ck_assert_int_eq(slim_file_read(path, (size_t)1 << 20, &data, &size, NULL), SLIM_OK);
  ck_assert_uint_eq(size, START_SIZE + 2u * HEADER_SIZE + 1001u);
  for (size_t at = (size_t)_i; at < size; at += 61) {
    data[at] ^= 0x20;
    ck_assert_int_eq(slim_file_write(path, data, size, NULL), SLIM_OK);
    ck_assert(!(keeps(&device, &entries[0]) && keeps(&device, &entries[1])));
    data[at] ^= 0x20;
    ck_assert_int_eq(slim_file_write(path, data, at, NULL), SLIM_OK);
    ck_assert(!(keeps(&device, &entries[0]) && keeps(&device, &entries[1])));
  }
  ck_assert_int_eq(slim_cl_cache_store(&device, entries, 2), SLIM_OK);
  ck_assert(keeps(&device, &entries[0]) && keeps(&device, &entries[1]));
  free(data);
  free(path);
  remove_cache();
}
END_TEST

enum { PROCESSES = 6, ROUNDS = 15 };

/* One of several processes: stores entries of its own, reads those of all. */
static int store_and_read(int number)
{
  slim_device device = { .info = { .name = "nothing", .vendor = "nobody" } };
  unsigned char data[5000];
  for (int i = 0; i < ROUNDS; i++) {
    memset(data, number, sizeof data);
    const slim_cl_cache_entry own = { { (uint64_t)number, (uint64_t)i }, data, (size_t)(1000 + i), NULL };
    if (slim_cl_cache_store(&device, &own, 1) != SLIM_OK) {
      return 1;
    }
    for (int k = 0; k < PROCESSES; k++) {
      slim_cl_cache_entry found = { .key = { (uint64_t)k, (uint64_t)i } };
      const bool there = slim_cl_cache_find(&device, &found);
      const bool right = !there || (found.bytes == (size_t)(1000 + i) && found.data[0] == k && found.data[999] == k);
      free(found.data);
      if (!right || (k == number && !there)) {
        return 2;
      }
    }
  }
  return 0;
}

START_TEST(processes_share_a_cache)
{
  pid_t child[PROCESSES];
  slim_device device = { .info = { .name = "nothing", .vendor = "nobody" } };
  fresh_cache();
  for (int p = 0; p < PROCESSES; p++) {
    child[p] = fork();
    if (child[p] == 0) {
      _exit(store_and_read(p));
    }
  }
  for (int p = 0; p < PROCESSES; p++) {
    int status = -1;
    ck_assert_int_eq(waitpid(child[p], &status, 0), child[p]);
    ck_assert_int_eq(status, 0);
  }
  for (int p = 0; p < PROCESSES * ROUNDS; p++) { /* nothing got lost */
    slim_cl_cache_entry found = { .key = { (uint64_t)(p / ROUNDS), (uint64_t)(p % ROUNDS) } };
    ck_assert(slim_cl_cache_find(&device, &found));
    free(found.data);
  }
  remove_cache();
}
END_TEST

START_TEST(a_folder_that_cannot_be_had_is_an_error)
{
  unsigned char one = 7;
  slim_device device = { .info = { .name = "nothing" } };
  const slim_cl_cache_entry entry = { { 1, 2 }, &one, 1, NULL };
  ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/dev/null", 1), 0);
  ck_assert_int_eq(slim_cl_cache_store(&device, &entry, 1), SLIM_ERR_IO);
  ck_assert_ptr_nonnull(strstr(device.error.text, "cache: cannot lock the folder of '/dev/null/slimcl/opencl-"));
  ck_assert(!keeps(&device, &entry));
  ck_assert_int_eq(slim_cl_cache_export(&device, "/dev/null/x"), SLIM_ERR_NOT_FOUND);
}
END_TEST

/* --- findings ----------------------------------------------------------------------------------------------------- */

static const slim_cl_knob speed = SLIM_CL_KNOB("test.speed", 3, 5, 7), slower = SLIM_CL_KNOB("test.speed", 3, 5);

static int ask(const fake *f, int n)
{
  return slim_cl_tuned(&f->device, &speed, SLIM_CL_DIMS(n, 10), 4);
}

/* A plan of one step, for the problem n, where the value want is the fastest. */
static void run_step(fake *f, slim_tuner_choice choice, int n, int want)
{
  static const slim_step step = { .kernel = "fake" };
  (void)(choice == SLIM_TUNER_TRIAL ? 0 : slim_cl_tuner.choose(&f->device, choice));
  slim_cl_search_step_begin(&f->device);
  const int value = ask(f, n);
  slim_cl_search_step_made(&f->device, &step);
  slim_cl_tuner.report(&f->device, &step, value == want ? 1.0 : 2.0);
}

static void find(fake *f, int n, int want)
{
  const slim_tuner *t = &slim_cl_tuner;
  ck_assert_int_eq(t->begin(&f->device), SLIM_OK);
  run_step(f, SLIM_TUNER_BEST, n, want);
  while (t->choose(&f->device, SLIM_TUNER_TRIAL) > 0) {
    run_step(f, SLIM_TUNER_TRIAL, n, want);
    run_step(f, SLIM_TUNER_BEST, n, want);
    (void)t->decide(&f->device, SLIM_TUNER_TRIAL);
  }
  run_step(f, SLIM_TUNER_BUILT_IN, n, want);
  run_step(f, SLIM_TUNER_BEST, n, want);
  (void)t->decide(&f->device, SLIM_TUNER_BUILT_IN);
  ck_assert_int_eq(t->end(&f->device, true), SLIM_OK);
}

START_TEST(findings_are_kept_for_the_device)
{
  fake f;
  fresh_cache();
  fake_open(&f);
  ck_assert_int_eq(ask(&f, 1), 4);
  find(&f, 1, 7);
  find(&f, 2, 3);
  ck_assert_int_eq(ask(&f, 1), 7);
  ck_assert_int_eq(ask(&f, 2), 3);
  ck_assert_int_eq(ask(&f, 3), 4); /* another problem */
  fake_close(&f);
  fake_open(&f); /* another process */
  ck_assert_int_eq(ask(&f, 1), 7);
  ck_assert_int_eq(ask(&f, 2), 3);
  find(&f, 1, 4); /* what is built in again */
  ck_assert_int_eq(ask(&f, 1), 4);
  ck_assert_int_eq(ask(&f, 2), 3);
  fake_close(&f);
  setenv("SLIM_KNOBS", "0", 1);
  fake_open(&f);
  ck_assert_int_eq(ask(&f, 2), 4);
  fake_close(&f);
  setenv("SLIM_KNOBS", "5", 1); /* 3 5 7 3 5 */
  fake_open(&f);
  ck_assert_int_eq(ask(&f, 2), 5);
  fake_close(&f);
  unsetenv("SLIM_KNOBS");
  remove_cache();
}
END_TEST

START_TEST(what_is_stale_or_foreign_is_not_taken)
{
  fake f;
  fresh_cache();
  fake_open(&f);
  find(&f, 1, 7);
  fake_close(&f);
  fake_open(&f);
  f.device.info.local_memory = 1234; /* the same driver, but other limits */
  slim_cl_tuning_close(&f.device);
  slim_cl_tuning_open(&f.device);
  ck_assert_int_eq(ask(&f, 1), 4);
  f.device.info.local_memory = 0;
  slim_cl_tuning_close(&f.device);
  slim_cl_tuning_open(&f.device);
  ck_assert_int_eq(ask(&f, 1), 7);
  /* a value that the knob does not have, as of another version */
  ck_assert_int_eq(slim_cl_tuned(&f.device, &slower, SLIM_CL_DIMS(1, 10), 4), 4);
  fake_close(&f);
  remove_cache();
}
END_TEST

START_TEST(findings_are_exported_and_imported)
{
  fake f;
  char path[128];
  fresh_cache();
  (void)snprintf(path, sizeof path, "%s/exported", cache_home);
  fake_open(&f);
  find(&f, 1, 7);
  find(&f, 2, 5);
  ck_assert_int_eq(slim_cl_tuner.export_cache(&f.device, path), SLIM_OK);
  find(&f, 2, 3);
  find(&f, 3, 3);
  find(&f, 1, 4);
  ck_assert_int_eq(slim_cl_tuner.import_cache(&f.device, path), SLIM_OK);
  ck_assert_int_eq(ask(&f, 1), 7);
  ck_assert_int_eq(ask(&f, 2), 5);
  ck_assert_int_eq(ask(&f, 3), 3); /* not in the file: stays */
  f.device.info.driver[0] = 'x';
  ck_assert_int_eq(slim_cl_tuner.import_cache(&f.device, path), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(f.device.error.text, "exported' is of another device or driver"));
  f.device.info.driver[0] = '\0';
  ck_assert_int_eq(slim_file_write(path, "nothing", 7, NULL), SLIM_OK);
  ck_assert_int_eq(slim_cl_tuner.import_cache(&f.device, path), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(f.device.error.text, "exported' is no file of tuned parameters and programs"));
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(slim_cl_tuner.import_cache(&f.device, path), SLIM_ERR_NOT_FOUND);
  ck_assert_int_eq(ask(&f, 1), 7);
  fake_close(&f);
  remove_cache();
}
END_TEST

/* A program's entry: so many kernels compiled, a binary of 100 bytes. */
static slim_cl_cache_entry program_entry(uint64_t key, uint32_t launched, unsigned char *data)
{
  memset(data, (int)launched, 200);
  slim_store_u32(data, launched);
  return (slim_cl_cache_entry){ { key, key }, data, 4 + launched * 8 + 100, NULL };
}

START_TEST(an_import_keeps_the_fuller_binaries)
{
  fake f;
  char path[128];
  unsigned char few[200], many[200];
  const slim_cl_cache_entry first[] = { program_entry(1, 2, few), program_entry(2, 5, many) };
  const slim_cl_cache_entry second[] = { { { 2, 2 }, few, first[0].bytes, NULL }, { { 1, 1 }, many, first[1].bytes, NULL } };
  fresh_cache();
  (void)snprintf(path, sizeof path, "%s/exported", cache_home);
  fake_open(&f);
  ck_assert_int_eq(slim_cl_cache_store(&f.device, first, 2), SLIM_OK);
  ck_assert_int_eq(slim_cl_tuner.export_cache(&f.device, path), SLIM_OK);
  ck_assert_int_eq(slim_cl_cache_store(&f.device, second, 2), SLIM_OK);
  ck_assert(keeps(&f.device, &second[0]) && keeps(&f.device, &second[1]));
  ck_assert_int_eq(slim_cl_tuner.import_cache(&f.device, path), SLIM_OK);
  ck_assert(keeps(&f.device, &first[1]) && keeps(&f.device, &second[1])); /* of both files the five */
  ck_assert_int_eq(unlink(path), 0);
  fake_close(&f);
  remove_cache();
}
END_TEST

static void append(slim_bytes *bytes, uint64_t hash, unsigned value)
{
  slim_bytes_append_u64(bytes, hash);
  slim_bytes_append_u32(bytes, value);
}

START_TEST(damaged_findings_are_none)
{
  slim_cl_findings f;
  slim_bytes bytes = { 0 };
  ck_assert(!slim_cl_findings_parse((slim_span){ NULL, 0 }, &f));
  append(&bytes, 5, 1);
  append(&bytes, 6, 2);
  ck_assert(slim_cl_findings_parse(slim_span_of(&bytes), &f));
  ck_assert_uint_eq(f.count, 2);
  ck_assert_int_eq(f.item[1].value, 2);
  free(f.item);
  ck_assert(!slim_cl_findings_parse((slim_span){ bytes.data, bytes.size - 1 }, &f));
  append(&bytes, 6, 3); /* twice */
  ck_assert(!slim_cl_findings_parse(slim_span_of(&bytes), &f));
  ck_assert_ptr_null(f.item);
  slim_bytes_free(&bytes);
}
END_TEST

/* --- the search: steps with two knobs each, whose times are made up ----------------------------------------------- */

enum { STEPS = 5 };
static const slim_cl_knob rows = SLIM_CL_KNOB("test.rows", 1, 2, 4, 8, 16);
static const slim_cl_knob slices = SLIM_CL_KNOB("test.slices", 1, 2, 3);

typedef struct plan {
  slim_step steps[STEPS];
  int rows[STEPS], slices[STEPS];
} plan;

static void make_plan(fake *f, plan *p)
{
  for (int i = 0; i < STEPS; i++) {
    slim_cl_search_step_begin(&f->device);
    const int problem = i == 4 ? 0 : i; /* the last is as the first */
    p->rows[i] = slim_cl_tuned(&f->device, &rows, SLIM_CL_DIMS(problem), 4);
    p->slices[i] = slim_cl_tuned(&f->device, &slices, SLIM_CL_DIMS(problem), 2);
    (void)slim_cl_tuned(&f->device, &rows, SLIM_CL_DIMS(problem), 4); /* asked twice counts once */
    slim_cl_search_step_made(&f->device, &p->steps[i]);
  }
}

/* Best with rows 8 and 1 slice, but for step 1: there what is built in is best; step 3 takes hardly any time. */
static double time_of(const plan *p, int i)
{
  const double r = i == 1 ? (p->rows[i] == 4 ? 1.0 : 1.5) : p->rows[i] == 8 ? 0.5 : 1.0;
  const double s = i == 1 ? (p->slices[i] == 2 ? 1.0 : 1.2) : p->slices[i] == 1 ? 0.7 : 1.0;
  return r * s * (i == 3 ? 0.0001 : 1.0 + i);
}

static void run_plan(fake *f)
{
  plan p = { 0 };
  make_plan(f, &p);
  for (int i = 0; i < STEPS; i++) {
    slim_cl_tuner.report(&f->device, &p.steps[i], time_of(&p, i));
  }
}

START_TEST(the_search_finds_the_best_of_each_step)
{
  const slim_tuner *t = &slim_cl_tuner;
  fake f;
  int found = 0, rounds = 0;
  fresh_cache();
  fake_open(&f);
  ck_assert_int_eq(t->begin(&f.device), SLIM_OK);
  ck_assert_int_eq(t->begin(&f.device), SLIM_ERR_STATE);
  (void)t->choose(&f.device, SLIM_TUNER_BEST);
  run_plan(&f);
  while (t->choose(&f.device, SLIM_TUNER_TRIAL) > 0) {
    run_plan(&f);
    (void)t->choose(&f.device, SLIM_TUNER_BEST);
    run_plan(&f);
    found = t->decide(&f.device, SLIM_TUNER_TRIAL);
    rounds++;
  }
  ck_assert_int_eq(found, 4);  /* two problems, two knobs; one step is as built in, one too small */
  ck_assert_int_le(rounds, 8); /* all steps at once: as many rounds as one step has other values */
  (void)t->choose(&f.device, SLIM_TUNER_BUILT_IN);
  run_plan(&f);
  (void)t->choose(&f.device, SLIM_TUNER_BEST);
  run_plan(&f);
  ck_assert_int_eq(t->decide(&f.device, SLIM_TUNER_BUILT_IN), 4);
  ck_assert_int_eq(t->end(&f.device, true), SLIM_OK);
  plan p = { 0 };
  make_plan(&f, &p);
  for (int i = 0; i < STEPS; i++) {
    const bool better = i != 1 && i != 3;
    ck_assert_int_eq(p.rows[i], better ? 8 : 4);
    ck_assert_int_eq(p.slices[i], better ? 1 : 2);
  }
  fake_close(&f);
  remove_cache();
}
END_TEST

START_TEST(what_does_not_pay_at_the_end_is_dropped)
{
  const slim_tuner *t = &slim_cl_tuner;
  fake f;
  fresh_cache();
  fake_open(&f);
  find(&f, 1, 7);
  ck_assert_int_eq(t->begin(&f.device), SLIM_OK);
  const slim_step step = { .kernel = "fake" };
  for (int turn = 0; turn < 2; turn++) { /* now 7 is no faster */
    (void)t->choose(&f.device, turn ? SLIM_TUNER_BEST : SLIM_TUNER_BUILT_IN);
    slim_cl_search_step_begin(&f.device);
    ck_assert_int_eq(ask(&f, 1), turn ? 7 : 4);
    slim_cl_search_step_made(&f.device, &step);
    t->report(&f.device, &step, 1.0);
  }
  ck_assert_int_eq(t->decide(&f.device, SLIM_TUNER_BUILT_IN), 0);
  ck_assert_int_eq(t->end(&f.device, true), SLIM_OK);
  ck_assert_int_eq(ask(&f, 1), 4);
  fake_close(&f);
  remove_cache();
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, a_damaged_cache_gives_whole_entries_or_none, 0, 7);
  tcase_add_test(c, processes_share_a_cache);
  tcase_add_test(c, a_folder_that_cannot_be_had_is_an_error);
  tcase_add_test(c, findings_are_kept_for_the_device);
  tcase_add_test(c, what_is_stale_or_foreign_is_not_taken);
  tcase_add_test(c, findings_are_exported_and_imported);
  tcase_add_test(c, an_import_keeps_the_fuller_binaries);
  tcase_add_test(c, damaged_findings_are_none);
  tcase_add_test(c, the_search_finds_the_best_of_each_step);
  tcase_add_test(c, what_does_not_pay_at_the_end_is_dropped);
}

TEST_MAIN("opencl_tuning", build, NULL)
