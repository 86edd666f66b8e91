/* The search for better values: every knob of a plan is varied where it is asked for, many at once but one a step. */
#include <stdlib.h>
#include <string.h>

#include "backend/opencl/cache.h"
#include "backend/opencl/opencl.h"
#include "backend/opencl/tuning.h"

#define PAYS 0.97       /* a trial must take less than this part of the time before, */
#define STILL_PAYS 0.98 /* and at the end less than this part of what is built in */
#define SHARE_LEAST 500 /* knobs of steps that take less than a 500th of the time are not tried */

/* A knob and a problem. */
typedef struct site {
  const slim_cl_knob *knob;
  uint64_t hash;
  int built_in, best, trial;
  int next; /* value to be tried next */
  bool on_trial;
  double sum;                    /* milliseconds of the steps of the plan that runs */
  double last;                   /* the sum of the plan before */
  double ms[SLIM_TUNER_CHOICES]; /* the least sums of plans so chosen; 0: none */
} site;

/* A step asked for a site's value. */
typedef struct use {
  const slim_step *step; /* NULL: of the step in the making */
  int number;            /* of the step, in the plan */
  size_t site;
} use;

struct slim_cl_search {
  slim_tuner_choice choice;
  site *sites;
  size_t count, room;
  use *uses;
  size_t num_uses, use_room;
  int steps;
  bool failed; /* out of memory: nothing more is noted */
};

static bool grow(void **list, size_t count, size_t *room, size_t item)
{
  if (count < *room) {
    return true;
  }
  const size_t wanted = *room == 0 ? 64 : 2 * *room;
  void *grown = realloc(*list, wanted * item);
  *list = grown == NULL ? *list : grown;
  *room = grown == NULL ? *room : wanted;
  return grown != NULL;
}

/* --- what ops ask, while steps are made --------------------------------------------------------------------------- */

/* The site of the hash, new if need be. */
static site *site_of(slim_cl_tuning *t, const slim_cl_knob *knob, uint64_t hash, int otherwise)
{
  slim_cl_search *s = t->search;
  for (size_t i = 0; i < s->count; i++) {
    if (s->sites[i].hash == hash) {
      return &s->sites[i];
    }
  }
  if (s->failed || !grow((void **)&s->sites, s->count, &s->room, sizeof(site))) {
    s->failed = true;
    return NULL;
  }
  site *made = &s->sites[s->count++];
  *made = (site){ .knob = knob, .hash = hash, .built_in = otherwise, .best = otherwise };
  (void)slim_cl_finding_of(&t->findings, knob, hash, &made->best);
  return made;
}

static void note_use(slim_cl_search *s, size_t which)
{
  for (size_t i = s->num_uses; i-- > 0 && s->uses[i].step == NULL;) {
    if (s->uses[i].site == which) {
      return;
    }
  }
  if (s->failed || !grow((void **)&s->uses, s->num_uses, &s->use_room, sizeof(use))) {
    s->failed = true;
    return;
  }
  s->uses[s->num_uses++] = (use){ NULL, s->steps, which };
}

int slim_cl_search_value(slim_cl_tuning *tuning, const slim_cl_knob *knob, uint64_t hash, int otherwise)
{
  slim_cl_search *s = tuning->search;
  const site *at = site_of(tuning, knob, hash, otherwise);
  if (at == NULL) {
    return otherwise;
  }
  note_use(s, (size_t)(at - s->sites));
  const bool trial = s->choice == SLIM_TUNER_TRIAL && at->on_trial;
  return s->choice == SLIM_TUNER_BUILT_IN ? at->built_in : trial ? at->trial : at->best;
}

static slim_cl_search *search_of(slim_device *device)
{
  slim_cl_tuning *t = slim_cl_of(device)->tuning;
  return t == NULL ? NULL : t->search;
}

/* Forgets what was asked for outside of steps. */
void slim_cl_search_step_begin(slim_device *device)
{
  slim_cl_search *s = search_of(device);
  while (s != NULL && s->num_uses > 0 && s->uses[s->num_uses - 1].step == NULL) {
    s->num_uses--;
  }
}

void slim_cl_search_step_made(slim_device *device, const slim_step *step)
{
  slim_cl_search *s = search_of(device);
  if (s != NULL) {
    for (size_t i = s->num_uses; i-- > 0 && s->uses[i].step == NULL;) {
      s->uses[i].step = step;
    }
    s->steps++;
  }
}

/* --- trials ------------------------------------------------------------------------------------------------------- */

/* Ends the measurement of the plan that ran. */
static void end_plan(slim_cl_search *s)
{
  for (size_t i = 0; i < s->count; i++) {
    site *at = &s->sites[i];
    double *ms = &at->ms[s->choice];
    if (at->sum > 0.0) {
      *ms = *ms == 0.0 || at->sum < *ms ? at->sum : *ms;
      at->last = at->sum;
      at->sum = 0.0;
    }
  }
}

/* Puts the next value of the site on trial, unless it has no more or one of its steps has a trial already. */
static bool try_next(slim_cl_search *s, size_t which, bool *taken)
{
  site *at = &s->sites[which];
  bool used = false, free_steps = true;
  while (at->next < at->knob->count && at->knob->values[at->next] == at->best) {
    at->next++;
  }
  for (size_t i = 0; i < s->num_uses; i++) {
    if (s->uses[i].site == which && s->uses[i].step != NULL) {
      used = true;
      free_steps = free_steps && !taken[s->uses[i].number];
    }
  }
  if (at->next == at->knob->count || !used || !free_steps) {
    return false;
  }
  for (size_t i = 0; i < s->num_uses; i++) {
    if (s->uses[i].site == which) {
      taken[s->uses[i].number] = true;
    }
  }
  at->trial = at->knob->values[at->next++];
  return true;
}

/* Sites whose steps take a share of the time that is worth it, each with one value; heavy ones first. */
static int choose_trials(slim_cl_search *s)
{
  bool *taken = calloc((size_t)s->steps + 1, sizeof(*taken));
  double total = 0.0, least = 0.0;
  int count = 0;
  for (size_t i = 0; i < s->count; i++) {
    s->sites[i].on_trial = false;
    total += s->sites[i].last;
  }
  for (least = total / 4; taken != NULL && least > total / SHARE_LEAST; least /= 4) {
    for (size_t i = 0; i < s->count; i++) {
      site *at = &s->sites[i];
      if (!at->on_trial && at->last > least) {
        at->on_trial = try_next(s, i, taken);
        count += at->on_trial;
      }
    }
  }
  free(taken);
  return count;
}

static int choose(slim_device *device, slim_tuner_choice choice)
{
  slim_cl_search *s = search_of(device);
  end_plan(s);
  const int trials = choice == SLIM_TUNER_TRIAL ? choose_trials(s) : 0;
  s->choice = choice;
  s->num_uses = 0;
  s->steps = 0;
  return trials;
}

static void report(slim_device *device, const slim_step *step, double ms)
{
  slim_cl_search *s = search_of(device);
  for (size_t i = 0; i < s->num_uses; i++) {
    if (s->uses[i].step == step) {
      s->sites[s->uses[i].site].sum += ms;
    }
  }
}

static bool pays(const site *at, slim_tuner_choice choice, slim_tuner_choice than, double part)
{
  return at->ms[choice] > 0.0 && (at->ms[than] == 0.0 || at->ms[choice] < part * at->ms[than]);
}

static int decide(slim_device *device, slim_tuner_choice choice)
{
  slim_cl_search *s = search_of(device);
  int better = 0;
  end_plan(s);
  for (size_t i = 0; i < s->count; i++) {
    site *at = &s->sites[i];
    if (choice == SLIM_TUNER_TRIAL && at->on_trial && pays(at, SLIM_TUNER_TRIAL, SLIM_TUNER_BEST, PAYS)) {
      at->best = at->trial;
    } else if (choice == SLIM_TUNER_BUILT_IN && !pays(at, SLIM_TUNER_BEST, SLIM_TUNER_BUILT_IN, STILL_PAYS)) {
      at->best = at->built_in;
    }
    better += at->best != at->built_in;
    at->on_trial = false;
    memset(at->ms, 0, sizeof(at->ms));
  }
  return better;
}

/* --- begin and end ------------------------------------------------------------------------------------------------ */

static slim_status begin(slim_device *device)
{
  slim_cl_tuning *t = slim_cl_of(device)->tuning;
  slim_cl_search *s = t == NULL || t->search != NULL ? NULL : calloc(1, sizeof(*s));
  if (s == NULL) {
    return slim_cl_fail(device, t != NULL && t->search != NULL ? SLIM_ERR_STATE : SLIM_ERR_MEMORY,
                        "%s: cannot begin a search: %s", device->info.selector,
                        t != NULL && t->search != NULL ? "one is under way" : "out of memory");
  }
  pthread_mutex_lock(&t->lock);
  t->search = s;
  pthread_mutex_unlock(&t->lock);
  return SLIM_OK;
}

/* What differs from what is built in, or did before. */
static slim_status keep_findings(slim_device *device, const slim_cl_search *s)
{
  const slim_cl_findings *before = &slim_cl_of(device)->tuning->findings;
  slim_cl_finding *items = calloc(s->count + 1, sizeof(*items));
  size_t count = 0;
  int old = 0;
  for (size_t i = 0; i < s->count && items != NULL; i++) {
    const site *at = &s->sites[i];
    if (at->best != at->built_in || slim_cl_finding_of(before, at->knob, at->hash, &old)) {
      items[count++] = (slim_cl_finding){ at->hash, at->best };
    }
  }
  const slim_status status = items == NULL
                                 ? slim_cl_fail(device, SLIM_ERR_MEMORY, "%s: out of memory", device->info.selector)
                                 : slim_cl_findings_keep(device, items, count);
  free(items);
  return status;
}

static slim_status end(slim_device *device, bool keep)
{
  slim_cl_tuning *t = slim_cl_of(device)->tuning;
  slim_cl_search *s = t->search;
  pthread_mutex_lock(&t->lock);
  t->search = NULL;
  pthread_mutex_unlock(&t->lock);
  const slim_status status = keep ? keep_findings(device, s) : SLIM_OK;
  free(s->sites);
  free(s->uses);
  free(s);
  return status;
}

static slim_status export_cache(slim_device *device, const char *path)
{
  slim_cl_programs_save(device);
  return slim_cl_cache_export(device, path);
}

const slim_tuner slim_cl_tuner = {
  .begin = begin,
  .choose = choose,
  .report = report,
  .decide = decide,
  .end = end,
  .export_cache = export_cache,
  .import_cache = slim_cl_findings_import,
};
