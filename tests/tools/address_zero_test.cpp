// Address 0 of the kernel's own space: on s390x a page of the kernel's lies there, the lowcore, on every
// other machine nothing does.
#include <doctest/doctest.h>

#include "support/places.h"
#include "support/program.h"

namespace address_zero_test {

using namespace postmortem::test;

namespace {

ProgramResult ask(std::vector<std::string> words, std::string_view sample) {
    words.insert(words.begin() + 1, (source_dir() / "testdata/dumps" / sample / "vmcore").string());
    return run_postmortem(words);
}

}  // namespace

TEST_CASE("all commands find the kernel's lowcore at address 0 of s390x") {
    const std::string_view sample = "s390x-trixie-sysrq";
    CHECK(ask({"rd", "0"}, sample).out.find("0008000080000200") != std::string::npos);
    const ProgramResult translated = ask({"vtop", "0"}, sample);
    CHECK(translated.out == ask({"vtop", "-k", "0"}, sample).out);
    CHECK(translated.out.find("PAGE: 0\n") != std::string::npos);
    const ProgramResult code = ask({"dis", "0"}, sample);
    CHECK(code.exit_code == 0);
    CHECK(code.out.find("0008") != std::string::npos);
    CHECK(ask({"search", "-s", "0", "8000080000200"}, sample).err.find("no address of the kernel") ==
          std::string::npos);
    CHECK(ask({"vtop", "-u", "0"}, sample).out.find("(not accessible)") != std::string::npos);
}

TEST_CASE("elsewhere address 0 is a program's") {
    CHECK(ask({"vtop", "0"}, "riscv64-trixie-sysrq").out.find("(not accessible)") != std::string::npos);
}

}  // namespace address_zero_test
