# cmake -DROOT=libpostmortem -DRESULT=asked_words.cpp -P asked_words.cmake
# Writes down every name that the code can ask the types for: all words between quotation marks in the rooms that
# read kernels. A path such as "thread_info.cpu" is several. What is no name of C at all does no harm.
cmake_policy(VERSION 3.25)
set(words)
foreach(room arch kernel report)
  file(GLOB_RECURSE files ${ROOT}/${room}/*.cpp ${ROOT}/${room}/*.h)
  list(FILTER files EXCLUDE REGEX "_(fields|text)\\.cpp$") # printers ask nothing
  foreach(file IN LISTS files)
    file(READ ${file} text)
    string(REGEX MATCHALL "\"[A-Za-z_][A-Za-z0-9_.]*\"" found "${text}")
    list(APPEND words ${found})
  endforeach()
endforeach()
string(REPLACE "." ";" words "${words}")
string(REPLACE "\"" "" words "${words}")
list(REMOVE_DUPLICATES words)
list(REMOVE_ITEM words "")
list(SORT words)
list(JOIN words "\",\n    \"" listed)
file(WRITE ${RESULT}.new "// Written by cmake/asked_words.cmake.
#include \"types/asked_words.h\"

namespace postmortem {
namespace {

constexpr std::string_view words[] = {
    \"${listed}\",
};

}  // namespace

std::span<const std::string_view> asked_words() {
    return words;
}

}  // namespace postmortem
")
file(COPY_FILE ${RESULT}.new ${RESULT} ONLY_IF_DIFFERENT)
