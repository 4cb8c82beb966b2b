// Exit status 0 means the whole answer: of a dump with damaged pages each command says either what it says of
// the sound one, or that something is missing.
#include <fstream>

#include <doctest/doctest.h>

#include "support/damage.h"
#include "support/files.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace damaged_answers_test {

using namespace postmortem;
using namespace postmortem::test;
using Words = std::vector<std::string>;

namespace {

const Words questions[] = {
    {"sys", "DUMP", "-c"},     {"p", "DUMP", "init_task"},
    {"kmem", "DUMP", "-s"},    {"struct", "DUMP", "task_struct", "init_task"},
    {"kmem", "DUMP", "-i"},    {"bt", "-FF", "DUMP", "1"},
    {"bt", "-r", "DUMP", "1"}, {"irq", "DUMP", "-b"},
    {"mod", "DUMP"},           {"mount", "DUMP"},
    {"files", "DUMP", "1"},    {"vm", "DUMP", "1"},
    {"sig", "DUMP", "1"},      {"rd", "-s", "DUMP", "init_task", "64"},
    {"ps", "-l", "DUMP"},      {"foreach", "DUMP", "bt"},
    {"timer", "DUMP"},         {"vtop", "DUMP", "init_task"},
};

std::string sample() {
    return (source_dir() / "testdata/dumps/bookworm-sysrq/vmcore").string();
}

ProgramResult ask(Words words, const std::string& dump) {
    for (std::string& word : words)
        if (word == "DUMP") word = dump;
    return run_postmortem(words);
}

}  // namespace

TEST_CASE("of a damaged dump no command gives half an answer with exit status 0") {
    const TempDir folder;
    const std::string path = (folder.path() / "vmcore").string();
    const std::string sound = file_contents(sample());
    std::size_t partial = 0;
    for (const unsigned seed : {1u, 2u, 3u, 34u}) {
        std::ofstream(path, std::ios::binary) << hurt(sound, seed);
        for (const Words& words : questions) {
            CAPTURE(seed);
            CAPTURE(words.front());
            const ProgramResult whole = ask(words, sample()), got = ask(words, path);
            CHECK(got.exit_code < 128);
            CHECK((got.exit_code == 0) <= (whole.exit_code == 0 ? got.out == whole.out : true));
            if (got.exit_code != 0) CHECK_FALSE(got.err.empty());
            partial += got.exit_code == 1 ? 1u : 0u;
        }
    }
    CHECK(partial > 0);
}

}  // namespace damaged_answers_test
