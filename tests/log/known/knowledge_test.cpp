#include "log/known/knowledge.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

namespace knowledge_test {

using namespace postmortem;

namespace {

std::string id_for(const LogEvent& event) {
    const KnowledgeEntry* entry = explain(event);
    return entry ? entry->id : std::string();
}

LogEvent event_of(EventClass event_class, std::string title = {}) {
    LogEvent event;
    event.event_class = event_class;
    event.title = std::move(title);
    event.ip = LogFrame{};
    return event;
}

}  // namespace

TEST_CASE("every shipped file is read, and every entry is whole") {
    std::size_t parsed = 0;
    for (const KnowledgeFile& file : knowledge_files()) {
        const auto rules = parse_knowledge(file.text, file.name);
        REQUIRE_MESSAGE(rules, (rules ? std::string() : rules.error().message));
        parsed += rules->size();
    }
    CHECK(parsed == knowledge_base().size());
    CHECK(knowledge_base().size() >= 40);
    std::set<std::string> ids;
    for (const KnowledgeEntry& entry : knowledge_base()) {
        CAPTURE(entry.id);
        CHECK(ids.insert(entry.id).second);
        CHECK_FALSE(entry.name.empty());
        CHECK_FALSE(entry.meaning.empty());
        CHECK_FALSE(entry.causes.empty());
        CHECK_FALSE(entry.look.empty());
        CHECK_FALSE(entry.actions.empty());
        CHECK_FALSE(entry.sources.empty());
        for (const KnowledgeStep& step : entry.look) CHECK(step.command.starts_with("postmortem "));
    }
}

TEST_CASE("every class of events is explained") {
    for (int i = 0; i <= static_cast<int>(EventClass::OtherInfo); ++i) {
        const auto event_class = static_cast<EventClass>(i);
        CAPTURE(to_string(event_class));
        CHECK(to_string(event_class) != "unknown");
        // Two classes are told apart by their titles alone.
        std::string title;
        if (event_class == EventClass::OutOfMemory) title = "out of memory";
        if (event_class == EventClass::RootMountFailure) title = "kernel panic: VFS: Unable to mount root fs";
        CHECK_FALSE(id_for(event_of(event_class, title)).empty());
    }
}

TEST_CASE("the entry that asks for most is the one that fits best") {
    CHECK(id_for(event_of(EventClass::OutOfMemory, "out of memory in a memory cgroup")) == "oom-memcg");
    CHECK(id_for(event_of(EventClass::OutOfMemory, "out of memory")) == "oom-global");
    CHECK(id_for(event_of(EventClass::Escalation, "kernel panic: panic_on_warn set")) == "panic-on-warn");
    CHECK(id_for(event_of(EventClass::Escalation, "kernel panic: Fatal exception")) == "fatal-exception");
    LogEvent event = event_of(EventClass::GeneralProtectionFault);
    CHECK(id_for(event) == "general-protection-fault");
    event.fault_address = 0x6b6b6b6b6b6b6b7b;
    event.address_kind = AddressKind::FreedPoison;
    CHECK(id_for(event) == "use-after-free-poison");
}

TEST_CASE("a bad knowledge file is refused with its line") {
    const auto complaint = [](std::string_view yaml) {
        const auto rules = parse_knowledge(yaml, "x.yaml");
        return rules ? std::string() : rules.error().message;
    };
    CHECK(complaint("- id: a\n  nmae: b\n") == "x.yaml:2: unknown key nmae");
    CHECK(complaint("- id: a\n") == "x.yaml:1: when is missing");
    CHECK(complaint("a: b") == "x.yaml:1: a list of entries is wanted");
}

}  // namespace knowledge_test
