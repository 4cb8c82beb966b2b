#include "log/match/literal_scanner.h"

#include <string>

#include <doctest/doctest.h>

#include "log/events/event_rule.h"

namespace literal_scanner_test {

using namespace postmortem;

TEST_CASE("every literal is found wherever it stands, and nothing else") {
    const std::vector<std::string_view> literals = {"BUG:", "WARNING:", "kernel BUG", "NING", "BUG kmalloc-"};
    const LiteralScanner scanner(literals);
    CHECK(scanner.find("") == 0);
    CHECK(scanner.find("BUG") == 0);
    CHECK(scanner.find("all is well, nothing to see here: bug") == 0);
    for (std::size_t pad = 0; pad < 20; ++pad) {
        const std::string before(pad, 'B');
        CHECK(scanner.find(before + "BUG:") == 1);
        CHECK(scanner.find(before + "BUG:" + before) == 1);
        CHECK(scanner.find(before + "WARNING:x") == 0b1010);
        CHECK(scanner.find(before + "kernel BUG at BUG:") == 0b101);
        CHECK(scanner.find(before + "BUG kmalloc-8") == 0b10000);
    }
}

TEST_CASE("the rule book fits the scanner") {
    const auto& triggers = RuleBook::standard().triggers();
    CHECK(triggers.size() + 8 < LiteralScanner::max_literals);
    for (const Trigger& trigger : triggers) {
        CAPTURE(trigger.literal);
        CHECK(trigger.literal.size() >= 4);
    }
}

}  // namespace literal_scanner_test
