# What Doxygen makes of the headers' comments: the first is the file's, those behind a member or a value are its own.
1s|^/\* *|/** @file\
 * |
/^ .*[;,] *\/\* [^*]/s|/\* |/**< |
