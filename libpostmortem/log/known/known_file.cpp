// Reads files of known crashes, and writes entries for them.
#include <algorithm>

#include <fmt/format.h>

#include "base/mapped_file.h"
#include "base/text.h"
#include "log/known/known_matcher.h"
#include "log/known/yaml.h"

namespace postmortem {

// Reads one entry after the other and keeps the first complaint.
class KnownCrashesLoader {
  public:
    explicit KnownCrashesLoader(KnownCrashes& into) : into_(*into.impl_) {}

    std::optional<Error> read(std::string_view yaml, std::string_view file) {
        auto document = parse_yaml(yaml, file);
        if (!document) return document.error();
        if (document->IsNull()) return std::nullopt;  // a file that is to be filled by --learn
        if (!document->IsSequence()) return yaml_error(file, *document, "a list of known crashes is wanted");
        for (const YAML::Node& node : *document) {
            auto entry = read_entry(file, node);
            if (!entry) return entry.error();
            auto matcher = compile_known(*entry);
            if (!matcher) return matcher.error();
            into_.entries.push_back(std::move(*entry));
            into_.matchers.push_back(std::move(*matcher));
        }
        return std::nullopt;
    }

  private:
    static Result<KnownCrash> read_entry(std::string_view file, const YAML::Node& node) {
        if (!node.IsMap()) return fail(yaml_error(file, node, "an entry must be a mapping"));
        KnownCrash entry;
        entry.file = file;
        entry.line = static_cast<std::size_t>(node.Mark().line) + 1;
        for (const auto& member : node) {
            if (!member.first.IsScalar()) return fail(yaml_error(file, member.first, "a key must be a word"));
            if (auto error = read_member(entry, member.first, member.second)) return fail(std::move(*error));
        }
        if (entry.ids.empty() && entry.title.empty() && entry.frames.empty() && entry.log.empty()) {
            return fail(yaml_error(file, node, "an entry needs an id, a title, frames or log"));
        }
        return entry;
    }

    static std::optional<Error> read_member(KnownCrash& entry, const YAML::Node& key,
                                            const YAML::Node& value) {
        const std::string& name = key.Scalar();
        const auto take_list = [&](std::vector<std::string>& to) -> std::optional<Error> {
            auto list = yaml_list(entry.file, value);
            if (!list) return list.error();
            to = std::move(*list);
            return std::nullopt;
        };
        const auto take_text = [&](std::string& to) -> std::optional<Error> {
            auto text = yaml_text(entry.file, value);
            if (!text) return text.error();
            to = std::move(*text);
            return std::nullopt;
        };
        if (name == "id") return take_list(entry.ids);
        if (name == "frames") return take_list(entry.frames);
        if (name == "log") return take_list(entry.log);
        if (name == "title") return take_text(entry.title);
        if (name == "kernel") return take_text(entry.kernel);
        if (name == "link") return take_text(entry.link);
        if (name == "note") return take_text(entry.note);
        if (name != "verdict") return yaml_error(entry.file, key, "unknown key " + name);
        std::string verdict;
        if (auto error = take_text(verdict)) return error;
        for (const Verdict one : {Verdict::Known, Verdict::Fixed, Verdict::Ignore}) {
            if (verdict != to_string(one)) continue;
            entry.verdict = one;
            return std::nullopt;
        }
        return yaml_error(entry.file, value, "a verdict is known, fixed or ignore, not " + verdict);
    }

    KnownCrashes::Impl& into_;
};

KnownCrashes::KnownCrashes() : impl_(std::make_unique<Impl>()) {}
KnownCrashes::KnownCrashes(KnownCrashes&&) noexcept = default;
KnownCrashes& KnownCrashes::operator=(KnownCrashes&&) noexcept = default;
KnownCrashes::~KnownCrashes() = default;

const std::vector<KnownCrash>& KnownCrashes::entries() const {
    return impl_->entries;
}

Result<KnownCrashes> KnownCrashes::load(std::span<const std::filesystem::path> files) {
    KnownCrashes known;
    for (const std::filesystem::path& path : files) {
        auto file = MappedFile::open(path);
        if (!file) return fail(file.error());
        if (auto error = KnownCrashesLoader(known).read(as_text(file->bytes()), path.string())) {
            return fail(std::move(*error));
        }
    }
    return known;
}

Result<KnownCrashes> KnownCrashes::parse(std::string_view yaml, std::string_view file) {
    KnownCrashes known;
    if (auto error = KnownCrashesLoader(known).read(yaml, file)) return fail(std::move(*error));
    return known;
}

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Known: return "known";
        case Verdict::Fixed: return "fixed";
        case Verdict::Ignore: return "ignore";
    }
    return "known";
}

std::string to_known_entry(const LogEvent& event, std::string_view note) {
    // The title is for people; a comment cannot be broken by what it quotes.
    std::string entry = fmt::format("- id: {}\n  # {}\n", event.id, escaped(event.title));
    if (!event.kernel.empty()) entry += fmt::format("  # first seen on {}\n", escaped(event.kernel));
    if (id_tells_no_place(event))
        entry +=
            "  # its report is torn: the id names no place, and matches only with a title, frames or log\n";
    entry += "  verdict: known\n  link: ''\n";
    std::string quoted = escaped(note);
    for (std::size_t at = quoted.find('\''); at != std::string::npos; at = quoted.find('\'', at + 2)) {
        quoted.insert(at, 1, '\'');
    }
    entry += fmt::format("  note: '{}'\n", quoted);
    return entry;
}

}  // namespace postmortem
