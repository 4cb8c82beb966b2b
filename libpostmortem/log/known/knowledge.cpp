#include "log/known/knowledge.h"

#include <algorithm>
#include <array>

#include "log/known/yaml.h"

namespace postmortem {
namespace {

bool lists(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Reads members of one mapping and keeps the first complaint.
class MappingReader {
  public:
    MappingReader(std::string_view file, const YAML::Node& node) : file_(file), node_(node) {}

    std::string text(const char* key) {
        const YAML::Node member = node_[key];
        if (!member) {
            complain(node_, std::string(key) + " is missing");
            return {};
        }
        auto value = yaml_text(file_, member);
        if (!value) error = error.value_or(value.error());
        return value.value_or(std::string());
    }

    std::vector<std::string> list(const char* key) {
        auto values = yaml_list(file_, node_[key]);
        if (!values) error = error.value_or(values.error());
        return values.value_or(std::vector<std::string>());
    }

    bool has(const char* key) const { return static_cast<bool>(node_[key]); }

    void allow_only(std::initializer_list<std::string_view> keys) {
        if (!node_.IsMap()) return complain(node_, "an entry must be a mapping");
        for (const auto& member : node_) {
            const std::string& key = member.first.Scalar();
            if (std::find(keys.begin(), keys.end(), key) == keys.end())
                complain(member.first, "unknown key " + key);
        }
    }

    void complain(const YAML::Node& node, std::string_view reason) {
        if (!error) error = yaml_error(file_, node, reason);
    }

    std::optional<Error> error;

  private:
    std::string_view file_;
    YAML::Node node_;
};

Result<KnowledgeCondition> parse_condition(std::string_view file, const YAML::Node& node) {
    MappingReader reader(file, node);
    reader.allow_only({"classes", "addresses", "title", "headline", "without_function"});
    if (reader.error) return fail(*reader.error);
    KnowledgeCondition condition;
    condition.classes = reader.list("classes");
    condition.addresses = reader.list("addresses");
    condition.weight = condition.classes.empty() ? 0 : 1;
    condition.weight += condition.addresses.empty() ? 0 : 1000;
    if (reader.has("title")) {
        const std::string title = reader.text("title");
        condition.title = Pattern(title);
        condition.weight += 100 + title.size();
    }
    if (reader.has("headline")) {
        const std::string headline = reader.text("headline");
        condition.headline = Pattern(headline);
        condition.weight += 100 + headline.size();
    }
    condition.without_function = reader.has("without_function") && reader.text("without_function") == "true";
    if (reader.error) return fail(*reader.error);
    return condition;
}

Result<std::vector<KnowledgeStep>> parse_steps(std::string_view file, const YAML::Node& node) {
    std::vector<KnowledgeStep> steps;
    for (const YAML::Node& item : node) {
        MappingReader reader(file, item);
        reader.allow_only({"run", "for"});
        if (!reader.error) steps.push_back({reader.text("run"), reader.text("for")});
        if (reader.error) return fail(*reader.error);
    }
    return steps;
}

Result<KnowledgeRule> parse_rule(std::string_view file, const YAML::Node& node) {
    MappingReader reader(file, node);
    reader.allow_only({"id", "name", "when", "meaning", "causes", "look", "do", "sources"});
    if (reader.error) return fail(*reader.error);
    if (!node["when"]) return fail(yaml_error(file, node, "when is missing"));
    auto condition = parse_condition(file, node["when"]);
    if (!condition) return fail(condition.error());
    auto steps = parse_steps(file, node["look"]);
    if (!steps) return fail(steps.error());
    KnowledgeRule rule{std::move(*condition),
                       {reader.text("id"), reader.text("name"), reader.text("meaning"), reader.list("causes"),
                        std::move(*steps), reader.list("do"), reader.list("sources")}};
    if (reader.error) return fail(*reader.error);
    return rule;
}

const std::vector<KnowledgeRule>& shipped_rules() {
    static const std::vector<KnowledgeRule> rules = [] {
        std::vector<KnowledgeRule> all;
        for (const KnowledgeFile& file : knowledge_files()) {
            // A test holds every shipped file to this format; a broken one would only be left out here.
            auto parsed = parse_knowledge(file.text, file.name);
            if (parsed) std::move(parsed->begin(), parsed->end(), std::back_inserter(all));
        }
        return all;
    }();
    return rules;
}

}  // namespace

bool KnowledgeCondition::holds(const LogEvent& event) const {
    if (!classes.empty() && !lists(classes, to_string(event.event_class))) return false;
    if (!addresses.empty() && (!event.fault_address || !lists(addresses, to_string(event.address_kind))))
        return false;
    if (title && !title->find(event.title)) return false;
    if (headline && !headline->find(event.headline)) return false;
    return !without_function || !event.ip;
}

Result<std::vector<KnowledgeRule>> parse_knowledge(std::string_view yaml, std::string_view file) {
    auto document = parse_yaml(yaml, file);
    if (!document) return fail(document.error());
    if (!document->IsSequence()) return fail(yaml_error(file, *document, "a list of entries is wanted"));
    std::vector<KnowledgeRule> rules;
    for (const YAML::Node& node : *document) {
        auto rule = parse_rule(file, node);
        if (!rule) return fail(rule.error());
        rules.push_back(std::move(*rule));
    }
    return rules;
}

const std::vector<KnowledgeEntry>& knowledge_base() {
    static const std::vector<KnowledgeEntry> entries = [] {
        std::vector<KnowledgeEntry> all;
        for (const KnowledgeRule& rule : shipped_rules()) all.push_back(rule.entry);
        return all;
    }();
    return entries;
}

const KnowledgeEntry* explain(const LogEvent& event) {
    const std::vector<KnowledgeRule>& rules = shipped_rules();
    const KnowledgeRule* best = nullptr;
    for (const KnowledgeRule& rule : rules) {
        if (rule.condition.holds(event) && (!best || rule.condition.weight > best->condition.weight))
            best = &rule;
    }
    if (!best) return nullptr;
    return &knowledge_base()[static_cast<std::size_t>(best - rules.data())];
}

}  // namespace postmortem
