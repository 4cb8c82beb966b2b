#include "shell/command_line.h"

#include <cctype>
#include <optional>

#include <fmt/format.h>

namespace tool::shell {
namespace {

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

// Goes through a line and knows, at each place, whether quotes or parentheses hold it.
class Scanner {
  public:
    explicit Scanner(std::string_view line) : line_(line) {}

    bool at_end() const { return at_ >= line_.size(); }
    char here() const { return line_[at_]; }
    char next() const { return at_ + 1 < line_.size() ? line_[at_ + 1] : '\0'; }
    char previous() const { return at_ > 0 ? line_[at_ - 1] : '\0'; }
    std::string_view behind() const { return line_.substr(at_); }
    bool is_bare() const { return quote_ == '\0' && depth_ == 0; }
    bool is_quoted() const { return quote_ != '\0'; }
    bool holds_quote() const {
        return here() == quote_ || (!is_quoted() && (here() == '"' || here() == '\''));
    }

    void step() {
        const char c = here();
        if (is_quoted())
            quote_ = c == quote_ ? '\0' : quote_;
        else if (c == '"' || c == '\'')
            quote_ = c;
        else if (c == '(')
            ++depth_;
        else if (c == ')' && depth_ > 0)
            --depth_;
        ++at_;
    }
    void skip(std::size_t count) { at_ += count; }

  private:
    std::string_view line_;
    std::size_t at_ = 0;
    char quote_ = '\0';
    unsigned depth_ = 0;
};

std::string_view without_spaces(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_pipe(const Scanner& scanner) {
    return scanner.here() == '|' && scanner.next() != '|' && scanner.previous() != '|';
}

// "p 3<5" and "p 1<<4" are expressions.
bool is_redirection(const Scanner& scanner) {
    const char c = scanner.here();
    return (c == '>' && scanner.previous() != '-') ||
           (c == '<' && scanner.next() != '<' && is_space(scanner.previous()));
}

// "> file", ">> file", "< file", and nothing behind it but a pipe's.
std::optional<std::string> take_file(std::string_view rest, CommandLine& line) {
    const bool is_input = rest.front() == '<';
    line.append = rest.starts_with(">>");
    rest.remove_prefix(line.append ? 2 : 1);
    const auto names = split_words(rest);
    if (names.size() != 1) return fmt::format("'{}' wants the name of one file", is_input ? "<" : ">");
    (is_input ? line.input : line.file) = names.front();
    return std::nullopt;
}

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    bool in_word = false;
    for (Scanner scanner(line); !scanner.at_end(); scanner.step()) {
        const char c = scanner.here();
        if (!scanner.is_quoted() && is_space(c)) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c == '\'' || !scanner.holds_quote()) words.back() += c;
    }
    return words;
}

CommandLine parse_line(std::string_view text) {
    CommandLine line;
    Scanner scanner(text);
    while (!scanner.at_end() && !(scanner.is_bare() && (is_pipe(scanner) || is_redirection(scanner))))
        scanner.step();
    const std::string_view rest = scanner.behind();
    line.words = split_words(text.substr(0, text.size() - rest.size()));
    if (scanner.is_quoted()) line.wrong = "a quote is not closed";
    if (rest.empty() || !line.wrong.empty()) return line;
    if (rest.front() == '|')
        line.pipe = without_spaces(rest.substr(1));
    else
        line.wrong = take_file(rest, line).value_or("");
    if (rest.front() == '|' && line.pipe.empty()) line.wrong = "nothing stands behind '|'";
    return line;
}

}  // namespace tool::shell
