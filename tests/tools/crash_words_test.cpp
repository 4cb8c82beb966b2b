// Words that crash takes, and what it says of those that it does not: as crash 9.0.2 does it.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/places.h"
#include "support/program.h"

namespace crash_words_test {

using postmortem::contains;
using postmortem::test::ProgramResult;
using postmortem::test::run_postmortem;

namespace {

std::string sample(const char* name = "bookworm-sysrq") {
    return (postmortem::test::source_dir() / "testdata/dumps" / name / "vmcore").string();
}

// The first word is the command; behind it comes the dump.
ProgramResult asked(std::vector<std::string> words, const char* name = "bookworm-sysrq") {
    words.insert(words.begin() + 1, sample(name));
    return run_postmortem(words);
}

std::string answer(std::vector<std::string> words) {
    return asked(std::move(words)).out;
}

void refused(std::vector<std::string> words, std::string_view why) {
    const auto result = asked(std::move(words));
    CAPTURE(result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, why));
}

std::size_t lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("what is no wait queue is none, and a typedef names its struct") {
    refused({"waitq", "modules"}, "modules is no wait queue");
    const std::string nodes = answer({"kmem", "-n"});
    const std::string node = nodes.substr(nodes.find("ffff"), 16);
    const auto by_typedef = asked({"waitq", "pg_data_t.kswapd_wait", node}),
               by_struct = asked({"waitq", "pglist_data.kswapd_wait", node});
    CHECK_FALSE(by_struct.out.empty());
    CHECK(by_typedef.out == by_struct.out);
    refused({"waitq", "nosuch_t.kswapd_wait", node}, "no struct named nosuch_t");
}

TEST_CASE("kmem -S=CPUS shows the slabs of these CPUs alone") {
    const std::string all = answer({"kmem", "-S", "kmalloc-8"}),
                      two = answer({"kmem", "-S=1,3", "kmalloc-8"});
    CHECK(contains(all, "CPU 0 SLAB:"));
    CHECK_FALSE(contains(two, "CPU 0 SLAB:"));
    CHECK(contains(two, "CPU 1 SLAB:"));
    CHECK(contains(two, "CPU 3 SLAB:"));
    CHECK(contains(two, "NODE 0 PARTIAL:"));
    CHECK(two.substr(two.find("KMEM_CACHE_NODE")) == all.substr(all.find("KMEM_CACHE_NODE")));
    CHECK(answer({"kmem", "-S=a", "kmalloc-8"}) == all);
    refused({"kmem", "-S=9", "kmalloc-8"}, "the machine has no CPU 9");
    refused({"kmem", "-S=x", "kmalloc-8"}, "-S= takes CPUs");
    refused({"kmem", "-S=0", "-z"}, "-S= and -z exclude each other");
}

TEST_CASE("kmem -g tells a flag by all of its names") {
    const std::string flag = answer({"kmem", "-g", "400"});
    for (const char* name : {"PG_owner_priv_1 ", "PG_checked ", "PG_swapcache ", "PG_pinned ", "PG_foreign "})
        CHECK(contains(flag, name));
    CHECK(lines(flag) == 9);
    CHECK(contains(answer({"kmem", "-g", "40"}), "PG_double_map "));
}

TEST_CASE("a list of members that ends in a comma lacks one") {
    refused({"kmem", "-m", "flags,", "modules"}, "a member is missing at the end of 'flags,'");
}

TEST_CASE("a kind of tree may be named by its first letters") {
    const std::string pids = answer({"tree", "-t", "xarray", "init_pid_ns"});
    CHECK(lines(pids) > 100);
    for (const char* word : {"x", "xa", "xarr"}) CHECK(answer({"tree", "-t", word, "init_pid_ns"}) == pids);
    const std::string areas = answer({"tree", "-t", "rbtree", "vmap_area_root"});
    CHECK(answer({"tree", "-t", "rbt", "vmap_area_root"}) == areas);
    refused({"tree", "-t", "r", "vmap_area_root"}, "-t takes rbtree");
    refused({"tree", "-t", "xarrays", "vmap_area_root"}, "-t takes rbtree");
}

TEST_CASE("of several members those that there are are shown") {
    for (const char* members : {"list_head.next,nosuch", "list_head.nosuch,next"}) {
        const auto result = asked({"struct", members, "modules"});
        CHECK(result.out == answer({"struct", "list_head.next", "modules"}));
        CHECK(result.exit_code == 1);
        CHECK(contains(result.err, "struct list_head has no member nosuch"));
    }
    const auto list = asked({"list", "-H", "modules", "-l", "module.list", "-s", "module.nosuch,state"});
    CHECK(list.out == answer({"list", "-H", "modules", "-l", "module.list", "-s", "module.state"}));
    CHECK(list.exit_code == 1);
    CHECK(lines(list.err) == 1);
    refused({"struct", "list_head.nosuch", "modules"}, "has no member nosuch");
    refused({"list", "-s", "list_head.nosuch,nosuch2", "modules"}, "has no member nosuch");
}

TEST_CASE("search says where it begins, and that no bytes are no end") {
    const std::string modules = answer({"sym", "modules"}).substr(0, 15);
    const auto search = [](std::vector<std::string> words) {
        return asked(std::move(words), "bookworm-runq");
    };
    const auto plain = search({"search", "-s", "modules", "0"});
    const auto none = search({"search", "-s", "modules", "-l", "0", "0"});
    CHECK(none.out == plain.out);
    CHECK(contains(none.err, "search: -l makes no difference where it is 0"));
    const auto inside = asked({"search", "-s", modules + "1", "-l", "8", "1"});
    CHECK(contains(inside.err, "search: from " + modules + "0 on, where a word begins"));
    CHECK_FALSE(contains(asked({"search", "-s", "modules", "-l", "8", "1"}).err, "where a word begins"));
}

TEST_CASE("rd -a goes on behind bytes that cannot be printed where it has a count") {
    const std::string plain = answer({"rd", "-a", "init_uts_ns", "-o", "4"});
    const std::string counted = answer({"rd", "-a", "init_uts_ns", "390"});
    CHECK(lines(plain) <= 1);
    CHECK(lines(counted) >= 5);
    CHECK(contains(counted, ":  Linux\n"));
    CHECK(contains(counted, ":  x86_64\n"));
    CHECK(contains(answer({"rd", "-a", "--json", "init_uts_ns", "390"}), "\"more_text\""));
}

TEST_CASE("dis takes an address and a count, and passes over what is behind") {
    const auto result = asked({"dis", "schedule", "1", "2"}, "arm64-trixie-sysrq");
    CHECK(result.out == asked({"dis", "schedule", "1"}, "arm64-trixie-sysrq").out);
    CHECK(lines(result.out) == 1);
    CHECK(contains(result.err, "dis: '2' makes no difference"));
}

TEST_CASE("characters at a physical address, and in the file") {
    const std::string translated = run_postmortem({"vtop", sample("bookworm-runq"), "init_task"}).out;
    const std::size_t line = translated.find('\n') + 1;
    const std::string place = translated.substr(translated.find_first_not_of(' ', line + 16), 16);
    const std::uint64_t task = std::stoull(place.substr(0, place.find_first_of(" \n")), nullptr, 16);
    const std::string offset = answer({"p", "/d", "(long)&((struct task_struct *)0)->comm"});
    const std::string at = std::to_string(std::stoul(offset.substr(offset.find('=') + 2)));
    char address[32];
    std::snprintf(address, sizeof(address), "%llx", static_cast<unsigned long long>(task));
    const auto rd = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"rd", "-a", "-p", "-o", at});
        words.push_back(sample("bookworm-runq"));
        words.push_back(address);
        return run_postmortem(words);
    };
    CHECK(contains(rd({}).out, ":  swapper/0\n"));
    CHECK(contains(run_postmortem({"rd", "-a", "-p", "-o", at, sample("bookworm-runq"), address, "4"}).out,
                   ":  swap\n"));
    CHECK(run_postmortem({"rd", "-a", "-f", sample("bookworm-runq"), "0", "8"}).out ==
          "               0:  KDUMP   \n");
    CHECK(asked({"rd", "-a", "-p", "1000"}).exit_code == 3);
}

}  // namespace crash_words_test
