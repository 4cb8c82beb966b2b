// Lines as people type them into crash, taken apart.
#include "shell/command_line.h"

#include <doctest/doctest.h>

#include "shell/aliases.h"

namespace shell_command_line_test {

using tool::shell::Aliases;
using tool::shell::CommandLine;
using tool::shell::parse_line;
using tool::shell::split_words;
using Words = std::vector<std::string>;

TEST_CASE("words of a line") {
    CHECK(split_words("  ps   -k  sshd ") == Words{"ps", "-k", "sshd"});
    CHECK(split_words("search -c \"two words\" x") == Words{"search", "-c", "two words", "x"});
    CHECK(split_words("ps '^ksoft.*[02]$'") ==
          Words{"ps", "'^ksoft.*[02]$'"});  // the quotes make it a pattern
    CHECK(split_words("alias x \"\"") == Words{"alias", "x", ""});
    CHECK(split_words("").empty());
}

TEST_CASE("where the answer goes") {
    CommandLine line = parse_line("ps -k | grep \"a > b\" | wc -l");
    CHECK(line.words == Words{"ps", "-k"});
    CHECK(line.pipe == "grep \"a > b\" | wc -l");
    CHECK(line.file.empty());

    line = parse_line("foreach bt>stacks");
    CHECK(line.words == Words{"foreach", "bt"});
    CHECK(line.file == "stacks");
    CHECK_FALSE(line.append);

    line = parse_line("log >> \"my file\"");
    CHECK(line.file == "my file");
    CHECK(line.append);

    line = parse_line("ps -p < pids");
    CHECK(line.input == "pids");
    CHECK(line.words == Words{"ps", "-p"});
}

TEST_CASE("a bar or an arrow in an expression is none of the shell's") {
    CHECK(parse_line("p init_task->mm").words == Words{"p", "init_task->mm"});
    CHECK(parse_line("eval (1 << 4 | 3)").words == Words{"eval", "(1", "<<", "4", "|", "3)"});
    CHECK(parse_line("p a || b").words == Words{"p", "a", "||", "b"});
    CHECK(parse_line("ps '|'").words == Words{"ps", "'|'"});
    CHECK(parse_line("eval 1 << 4").words == Words{"eval", "1", "<<", "4"});
}

TEST_CASE("what is wrong is told") {
    CHECK(parse_line("ps \"x").wrong == "a quote is not closed");
    CHECK(parse_line("ps |").wrong == "nothing stands behind '|'");
    CHECK(parse_line("ps >").wrong == "'>' wants the name of one file");
    CHECK(parse_line("ps > a b").wrong == "'>' wants the name of one file");
    CHECK(parse_line("ps <").wrong == "'<' wants the name of one file");
    CHECK(parse_line("ps").wrong.empty());
}

TEST_CASE("aliases replace the first word alone") {
    Aliases aliases;
    CHECK(aliases.expand("dmesg | tail") == "log | tail");
    CHECK(aliases.expand("ps dmesg") == "ps dmesg");
    CHECK(aliases.expand("hex") == "set radix 16");
    aliases.set("kp", "kmem -p");
    CHECK(aliases.expand("kp 1000") == "kmem -p 1000");
    CHECK(aliases.table("kp") == "ORIGIN   ALIAS    COMMAND\nruntime  kp       kmem -p\n");
    aliases.set("kp", "");
    CHECK(aliases.expand("kp 1000") == "kp 1000");
}

}  // namespace shell_command_line_test
