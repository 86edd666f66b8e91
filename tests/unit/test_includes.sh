#!/bin/sh
# The house: each folder stands above all that it includes. Greps the #include "..." lines of include/, lib/, kernels/,
# tools/ and of the tests that see only public headers. $1: the source folder.
set -eu
cd "$1"

grep -rn '^ *# *include "' include lib kernels tools tests/layers tests/nets \
  --include='*.c' --include='*.h' --include='*.def' --include='*.cl' |
awk -F: '
  function level_of_folder(name) {
    return name in level ? level[name] : 0
  }
  # The folder of lib/ that implements a public header; slim.h, which has them all, is for users only.
  function level_of_header(name) {
    return name in header ? level[header[name]] : name == "slim" ? 8 : 0
  }
  function fail(text) {
    printf "# %s:%s: \"%s\" %s\n", $1, $2, included, text
    failed++
  }
  BEGIN {
    n = split("base 1 kernels 1 graph 2 formats 2 ops 3 data 3 summary 3 backend 4 layers 4 losses 4 optimizers 4 " \
              "metrics 4 session 5 nets 5 checkpoint 6 learning 7 tools 8", pairs, " ")
    for (i = 1; i < n; i += 2) {
      level[pairs[i]] = pairs[i + 1]
    }
    n = split("base base args graph graph graph ops ops custom_op ops data data summary summary device backend layers layers " \
              "losses losses optimizers optimizers metrics metrics session session tune session nets nets checkpoint checkpoint " \
              "learning learning evaluation learning model_analyzer layers", pairs, " ")
    for (i = 1; i < n; i += 2) {
      header[pairs[i]] = pairs[i + 1]
    }
  }
  {
    lines++
    included = $0
    sub(/^[^"]*"/, "", included)
    sub(/".*/, "", included)
    split($1, path, "/")
    parts = split(included, to, "/")
    public = path[1] == "include"
    here = path[1] == "lib" ? path[2] : path[1]
    name = path[3]
    sub(/\.h$/, "", name)
    own = public ? level_of_header(name) : level_of_folder(here)
    if (path[1] == "tests" || here == "nets" || here == "tools" || public) {
      if (parts > 1 && to[1] != "slim") {
        fail("is inside the library; only public headers may be included here")
        next
      }
    }
    if (path[1] == "tests") {
      next
    }
    if (to[1] == "slim" && parts > 1) {
      name = to[2]
      sub(/\.h$/, "", name)
      if (level_of_header(name) == 0) {
        fail("is a public header that this test does not know")
      } else if (level_of_header(name) > own) {
        fail("belongs to a folder above " here)
      }
    } else if (parts > 1 && to[1] == here) {
      if (here == "backend" && parts > 2 && path[3] != to[2]) {
        fail("is inside another backend")
      }
    } else if (parts > 1) {
      if (level_of_folder(to[1]) == 0) {
        fail("is in no folder of the house")
      } else if (level_of_folder(to[1]) >= own) {
        fail("is in a folder that does not stand below " here)
      }
    }
  }
  END {
    print "1..1"
    print (failed || lines < 100 ? "not ok" : "ok") " 1 - " lines " includes follow the house"
    exit failed || lines < 100
  }'
