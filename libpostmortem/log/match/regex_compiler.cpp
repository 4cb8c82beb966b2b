// Turns the text of a regular expression into a tree and the tree into the instructions that Regex runs.
#include <algorithm>

#include <fmt/format.h>

#include "log/match/regex.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

using Set = std::bitset<256>;

constexpr std::size_t max_program = 20'000;
constexpr int max_depth = 100;
constexpr std::uint64_t max_repeat = 1000;
constexpr std::uint64_t unbounded = ~std::uint64_t{0};

struct Node {
    enum class Kind { Characters, Sequence, Choice, Repeat, Start, End, WordEdge, NoWordEdge };
    Kind kind = Kind::Sequence;
    Set set;
    char literal = 0;  // the one character of the set, where it is one that was written plainly
    std::vector<Node> parts;
    std::uint64_t least = 0, most = 0;
};

using Kind = Node::Kind;

Node node(Kind kind) {
    Node made;
    made.kind = kind;
    return made;
}

std::optional<Set> named_class(char c) {
    Set set;
    for (unsigned i = 0; i < 256; ++i) {
        const char one = static_cast<char>(i);
        switch (c) {
            case 'd':
            case 'D': set[i] = is_digit(one); break;
            case 'w':
            case 'W': set[i] = is_alpha(one) || is_digit(one) || one == '_'; break;
            case 's':
            case 'S': set[i] = is_blank(one) || one == '\r' || one == '\n'; break;
            default: return std::nullopt;
        }
    }
    return c >= 'a' ? set : ~set;
}

class Parser {
  public:
    Parser(std::string_view pattern, bool ignores_case) : rest_(pattern), ignores_case_(ignores_case) {}

    Node parse() {
        Node whole = choice();
        if (!rest_.at_end()) complain("a ) without its (");
        return whole;
    }

    std::string_view complaint;
    std::size_t left() const { return rest_.rest().size(); }

  private:
    void complain(std::string_view reason) {
        if (complaint.empty()) complaint = reason;
    }
    char take() {
        const char c = rest_.peek();
        rest_.take(c);
        return c;
    }

    Node choice() {
        if (++depth_ > max_depth) complain("groups are nested too deep");
        Node made = node(Kind::Choice);
        do {
            made.parts.push_back(sequence());
        } while (complaint.empty() && rest_.take('|'));
        --depth_;
        return made.parts.size() == 1 ? std::move(made.parts.front()) : made;
    }

    Node sequence() {
        Node made = node(Kind::Sequence);
        while (complaint.empty() && !rest_.at_end() && rest_.peek() != '|' && rest_.peek() != ')') {
            made.parts.push_back(repeated());
        }
        return made;
    }

    Node repeated() {
        Node one = atom();
        std::uint64_t least = 0;
        std::uint64_t most = unbounded;
        if (rest_.take('+')) {
            least = 1;
        } else if (rest_.take('?')) {
            most = 1;
        } else if (!rest_.take('*') && !counts(least, most)) {
            return one;
        }
        rest_.take('?');  // lazy or greedy makes no difference to whether there is a match
        if (rest_.peek() == '*' || rest_.peek() == '+' || rest_.peek() == '?') complain("nothing to repeat");
        Node made = node(Kind::Repeat);
        made.parts.push_back(std::move(one));
        made.least = least;
        made.most = most;
        return made;
    }

    // "{m}", "{m,}", "{m,n}"; anything else is a plain brace.
    bool counts(std::uint64_t& least, std::uint64_t& most) {
        Cursor at = rest_;
        if (!at.take('{')) return false;
        const auto first = at.number();
        if (!first) return false;
        auto second = first;
        if (at.take(',')) second = at.peek() == '}' ? unbounded : at.number();
        if (!second || !at.take('}')) return false;
        if (*first > max_repeat || *second < *first || (*second != unbounded && *second > max_repeat)) {
            complain("a bad count");
        }
        rest_ = at;
        least = *first;
        most = *second;
        return true;
    }

    Node atom() {
        const char c = take();
        switch (c) {
            case '(': return group();
            case '[': return bracket();
            case '.': return characters(Set().set());
            case '^': return node(Kind::Start);
            case '$': return node(Kind::End);
            case '*':
            case '+':
            case '?': complain("nothing to repeat"); return {};
            case '\\': return escape();
            default: return plain(c);
        }
    }

    Node group() {
        if (rest_.take('?') && !rest_.take(':')) complain("only (?: and a leading (?i) are known");
        Node inside = choice();
        if (!rest_.take(')')) complain("a ( without its )");
        return inside;
    }

    Node escape() {
        if (rest_.at_end()) complain("a \\ at the end");
        const char c = take();
        if (c == 'b') return node(Kind::WordEdge);
        if (c == 'B') return node(Kind::NoWordEdge);
        if (const auto set = named_class(c)) return characters(*set);
        if (is_digit(c)) complain("back references are not known");
        if (is_alpha(c) && c != 't' && c != 'n') complain("an unknown escape");
        return plain(c == 't' ? '\t' : c == 'n' ? '\n' : c);
    }

    Node bracket() {
        Set set;
        const bool negated = rest_.take('^');
        for (bool first = true; first || rest_.peek() != ']'; first = false) {
            if (rest_.at_end()) {
                complain("a [ without its ]");
                return {};
            }
            char low = take();
            if (low == '\\') {
                low = take();
                if (const auto named = named_class(low)) {
                    set |= *named;
                    continue;
                }
                if (low == 't') low = '\t';
            }
            char high = low;
            Cursor range = rest_;
            if (range.take('-') && !range.at_end() && range.peek() != ']') {
                rest_ = range;
                high = take();
            }
            const auto from = static_cast<unsigned char>(low);
            const auto to = static_cast<unsigned char>(high);
            if (to < from) complain("a range whose end comes before its start");
            for (unsigned i = from; i <= to; ++i) set.set(i);
        }
        rest_.take(']');
        return characters(negated ? ~set : set);
    }

    Node plain(char c) {
        Set set;
        set.set(static_cast<unsigned char>(c));
        Node made = characters(set);
        made.literal = ignores_case_ ? '\0' : c;
        return made;
    }

    Node characters(Set set) {
        for (std::size_t c = 'a'; ignores_case_ && c <= 'z'; ++c) {
            const bool either = set[c] || set[c - 32];
            set[c] = set[c - 32] = either;
        }
        Node made = node(Kind::Characters);
        made.set = set;
        return made;
    }

    Cursor rest_;
    bool ignores_case_;
    int depth_ = 0;
};

// The longest run of plain characters that no match can do without.
std::string needed_literal(const Node& root) {
    std::string longest, run;
    if (root.kind != Kind::Sequence) return {};
    for (const Node& part : root.parts) {
        if (part.kind == Kind::Characters && part.literal != '\0') {
            run.push_back(part.literal);
            if (run.size() > longest.size()) longest = run;
        } else {
            run.clear();
        }
    }
    return longest;
}

}  // namespace

class RegexCompiler {
  public:
    Result<Regex> compile(std::string_view pattern) {
        constexpr std::string_view fold = "(?i)";
        const bool ignores_case = pattern.starts_with(fold);
        Parser parser(ignores_case ? pattern.substr(fold.size()) : pattern, ignores_case);
        const Node root = parser.parse();
        if (parser.complaint.empty()) {
            emit(root);
            add(Op::Match);
        }
        if (too_large_) parser.complaint = "it is too large";
        if (!parser.complaint.empty()) {
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("bad regular expression '{}', before its character {}: {}", pattern,
                                    pattern.size() - parser.left() + 1, parser.complaint));
        }
        regex_.pattern_ = pattern;
        regex_.needed_ = needed_literal(root);
        return std::move(regex_);
    }

  private:
    using Op = Regex::Op;

    std::uint32_t here() const { return static_cast<std::uint32_t>(regex_.program_.size()); }

    std::uint32_t add(Op op) {
        if (regex_.program_.size() >= max_program) {
            too_large_ = true;
            return 0;
        }
        regex_.program_.push_back({op, here() + 1, 0});
        return here() - 1;
    }

    void emit(const Node& one) {
        if (too_large_) return;
        switch (one.kind) {
            case Kind::Characters: regex_.program_[add(Op::Characters)].other = index_of(one.set); break;
            case Kind::Sequence:
                for (const Node& part : one.parts) emit(part);
                break;
            case Kind::Choice: emit_choice(one); break;
            case Kind::Repeat: emit_repeat(one); break;
            case Kind::Start: add(Op::Start); break;
            case Kind::End: add(Op::End); break;
            case Kind::WordEdge: add(Op::WordEdge); break;
            case Kind::NoWordEdge: add(Op::NoWordEdge); break;
        }
    }

    void emit_choice(const Node& one) {
        std::vector<std::uint32_t> jumps;
        for (std::size_t i = 0; i < one.parts.size(); ++i) {
            const bool last = i + 1 == one.parts.size();
            const std::uint32_t split = last ? 0 : add(Op::Split);
            emit(one.parts[i]);
            if (last) break;
            jumps.push_back(add(Op::Jump));
            regex_.program_[split].other = here();
        }
        for (const std::uint32_t jump : jumps) regex_.program_[jump].next = here();
    }

    void emit_repeat(const Node& one) {
        for (std::uint64_t i = 0; i < one.least; ++i) emit(one.parts.front());
        if (one.most == unbounded) {
            const std::uint32_t split = add(Op::Split);
            emit(one.parts.front());
            regex_.program_[add(Op::Jump)].next = split;
            regex_.program_[split].other = here();
            return;
        }
        std::vector<std::uint32_t> splits;
        for (std::uint64_t i = one.least; i < one.most && !too_large_; ++i) {
            splits.push_back(add(Op::Split));
            emit(one.parts.front());
        }
        for (const std::uint32_t split : splits) regex_.program_[split].other = here();
    }

    std::uint32_t index_of(const Set& set) {
        const auto known = std::find(regex_.sets_.begin(), regex_.sets_.end(), set);
        if (known == regex_.sets_.end()) {
            regex_.sets_.push_back(set);
            return static_cast<std::uint32_t>(regex_.sets_.size() - 1);
        }
        return static_cast<std::uint32_t>(known - regex_.sets_.begin());
    }

    Regex regex_;
    bool too_large_ = false;
};

Result<Regex> Regex::compile(std::string_view pattern) {
    return RegexCompiler().compile(pattern);
}

}  // namespace postmortem
