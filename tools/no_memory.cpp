#include "no_memory.h"

#include <new>

#include <fmt/format.h>
#include <unistd.h>

#include <postmortem/files.h>
#include <postmortem/render.h>

#include "command.h"

namespace tool {
namespace {

// Made beforehand: when it is wanted, there is no memory left to make it.
std::string words_of_refusal;

void refuse_for_want_of_memory() {
    [[maybe_unused]] const auto written =
        ::write(STDERR_FILENO, words_of_refusal.data(), words_of_refusal.size());
    postmortem::remove_unfinished_files();
    ::_exit(unusable_input);
}

}  // namespace

void explain_want_of_memory(const std::string& dump, const std::string& limit) {
    const std::string about = dump.empty() ? "" : postmortem::escape_for_terminal(dump) + ": ";
    words_of_refusal =
        limit.empty()
            ? fmt::format(
                  "postmortem: {}not enough memory: the system gives no more; raise the limit (ulimit "
                  "-v, the container's), or read it where there is more\n",
                  about)
            : fmt::format("postmortem: {}more memory is needed than --max-memory {} allows; give it more\n",
                          about, postmortem::escape_for_terminal(limit));
    std::set_new_handler(refuse_for_want_of_memory);
}

}  // namespace tool
