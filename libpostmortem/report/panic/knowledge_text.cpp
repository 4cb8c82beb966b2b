#include "report/panic/knowledge_text.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t text_width = 100;

class KnowledgePrinter {
  public:
    KnowledgePrinter(std::string& out, const std::string& source, bool is_dump)
        : out_(out), source_(source), is_dump_(is_dump) {}

    void print(const KnowledgeEntry& knowledge) {
        line("\n{}", knowledge.name);
        paragraph(knowledge.meaning, "  ", "  ");
        list("Likely causes", knowledge.causes);
        print_steps(knowledge);
        list("What to do", knowledge.actions);
        list("Sources", knowledge.sources);
    }

  private:
    template <class... Values>
    void line(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Values>(values)...);
        out_ += '\n';
    }

    void list(std::string_view heading, const std::vector<std::string>& items) {
        if (items.empty()) return;
        line("{}", heading);
        for (const std::string& item : items) paragraph(item, "  - ", "    ");
    }

    // A step that asks for the dump is of no use to who has the log alone.
    void print_steps(const KnowledgeEntry& knowledge) {
        bool first = true;
        for (const KnowledgeStep& step : knowledge.look) {
            const std::size_t dump = step.command.find("DUMP");
            if (dump != std::string::npos && !is_dump_) continue;
            std::string command = step.command;
            for (const std::string_view word : {"DUMP", "LOG"})
                if (const std::size_t at = command.find(word); at != std::string::npos)
                    command.replace(at, word.size(), quoted(source_));
            if (std::exchange(first, false)) line("Look at");
            line("  {}", command);
            paragraph(step.purpose, "      ", "      ");
        }
    }

    void paragraph(std::string_view text, std::string_view first_indent, std::string_view indent) {
        std::string current(first_indent);
        bool empty = true;
        for (const std::string_view word : split(text, ' ')) {
            if (word.empty()) continue;
            if (!empty && current.size() + 1 + word.size() > text_width) {
                line("{}", current);
                current = indent;
                empty = true;
            }
            if (!empty) current += ' ';
            current += word;
            empty = false;
        }
        line("{}", current);
    }

    std::string& out_;
    const std::string& source_;
    bool is_dump_;
};

}  // namespace

std::string quoted(const std::string& path) {
    const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/._-+:,").find(c) != std::string_view::npos;
    });
    if (plain) return path;
    std::string text = "'";
    for (const char c : escaped(path)) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

void append_text(std::string& out, const KnowledgeEntry& knowledge, const std::string& source, bool is_dump) {
    KnowledgePrinter(out, source, is_dump).print(knowledge);
}

}  // namespace postmortem
