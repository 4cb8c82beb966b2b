// C's grammar of expressions, as far as they change nothing, and gdb's `@`.
#include "report/expression/syntax_tree.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr unsigned deepest_expression = 200;
using Node = std::unique_ptr<Expression>;

// From the loosest to the tightest.
constexpr std::array<std::array<std::string_view, 4>, 12> levels = {{
    {"||"},
    {"&&"},
    {"|"},
    {"^"},
    {"&"},
    {"==", "!="},
    {"<", ">", "<=", ">="},
    {"<<", ">>"},
    {"@"},
    {"+", "-"},
    {"*", "/", "%"},
    {},
}};

bool is_basic_word(std::string_view word) {
    constexpr std::array<std::string_view, 11> words = {
        "unsigned", "signed", "long", "short", "int", "char", "void", "float", "double", "_Bool", "__int128"};
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_qualifier_word(std::string_view word) {
    return word == "const" || word == "volatile" || word == "__user" || word == "__percpu" || word == "__rcu";
}

// "long unsigned int", in one spelling.
std::string basic_type(const std::vector<std::string_view>& words) {
    const auto count = [&](std::string_view word) { return std::count(words.begin(), words.end(), word); };
    for (const char* whole : {"void", "float", "_Bool"})
        if (count(whole) == 1 && words.size() == 1) return whole;
    if (count("double") == 1 && words.size() == 1) return "double";
    const std::string sign = count("unsigned") != 0 ? "unsigned " : "";
    if (count("char") != 0) return count("signed") != 0 ? "signed char" : sign + "char";
    if (count("short") != 0) return sign + "short";
    if (count("long") != 0) return sign + (count("long") > 1 ? "long long" : "long");
    return sign + "int";
}

class ExpressionParser {
  public:
    ExpressionParser(std::string_view text, std::vector<Token> tokens, const void* context,
                     IsTypeName is_type)
        : text_(text), tokens_(std::move(tokens)), context_(context), is_type_(is_type) {}

    Result<Node> parse() {
        auto whole = comma();
        if (!whole) return whole;
        if (here().kind == Token::Kind::End) return whole;
        if (here().text == "=") return wrong("nothing can be assigned: a dump is only read");
        return wrong(fmt::format("'{}' is left over", here().text));
    }

  private:
    const Token& here() const { return tokens_[at_]; }
    const Token& ahead(std::size_t steps) const { return tokens_[std::min(at_ + steps, tokens_.size() - 1)]; }
    bool is(std::string_view word) const {
        return here().kind == Token::Kind::Operator && here().text == word;
    }
    bool accept(std::string_view word) {
        if (!is(word)) return false;
        ++at_;
        return true;
    }
    tl::unexpected<Error> wrong(std::string_view what) const {
        return fail(expression_error(text_, here().column, what));
    }
    Node node(Expression::Kind kind, const Token& token) const {
        auto made = std::make_unique<Expression>();
        made->kind = kind;
        made->token = token;
        made->word = token.text;
        return made;
    }

    Result<Node> comma() {
        auto left = conditional();
        while (left && is(",")) {
            Node both = node(Expression::Kind::Binary, here());
            ++at_;
            auto right = conditional();
            if (!right) return right;
            both->operands.push_back(std::move(*left));
            both->operands.push_back(std::move(*right));
            left = std::move(both);
        }
        return left;
    }

    Result<Node> conditional() {
        if (++depth_ > deepest_expression) return wrong("the expression is nested too deeply");
        auto condition = binary(0);
        if (condition && is("?")) {
            Node whole = node(Expression::Kind::Conditional, here());
            ++at_;
            auto yes = comma();
            if (!yes) return yes;
            if (!accept(":")) return wrong("a ':' is missing");
            auto no = conditional();
            if (!no) return no;
            whole->operands.push_back(std::move(*condition));
            whole->operands.push_back(std::move(*yes));
            whole->operands.push_back(std::move(*no));
            condition = std::move(whole);
        }
        --depth_;
        return condition;
    }

    bool at_operator_of(std::size_t level) const {
        const auto& words = levels[level];
        return here().kind == Token::Kind::Operator &&
               std::any_of(words.begin(), words.end(),
                           [&](std::string_view word) { return !word.empty() && word == here().text; });
    }

    Result<Node> binary(std::size_t level) {
        if (level + 1 == levels.size()) return unary();
        auto left = binary(level + 1);
        while (left && at_operator_of(level)) {
            Node both = node(Expression::Kind::Binary, here());
            ++at_;
            auto right = binary(level + 1);
            if (!right) return right;
            both->operands.push_back(std::move(*left));
            both->operands.push_back(std::move(*right));
            left = std::move(both);
        }
        return left;
    }

    Result<Node> unary() {
        if (++depth_ > deepest_expression) return wrong("the expression is nested too deeply");
        auto made = prefixed();
        --depth_;
        return made;
    }

    Result<Node> prefixed() {
        if (here().text == "sizeof" && here().kind == Token::Kind::Name) return size_of();
        if (is("(") && starts_type(ahead(1))) return typed(Expression::Kind::Cast, ")");
        if (is("{") && starts_type(ahead(1))) return typed(Expression::Kind::Place, "}");
        for (const std::string_view word : {"-", "+", "!", "~", "*", "&"}) {
            if (!is(word)) continue;
            Node whole = node(Expression::Kind::Unary, here());
            ++at_;
            auto inner = unary();
            if (!inner) return inner;
            whole->operands.push_back(std::move(*inner));
            return whole;
        }
        return postfixed();
    }

    Result<Node> size_of() {
        Node whole = node(Expression::Kind::SizeOfValue, here());
        ++at_;
        if (is("(") && starts_type(ahead(1))) {
            ++at_;
            auto type = type_words();
            if (!type) return fail(type.error());
            if (!accept(")")) return wrong("a ')' is missing");
            whole->kind = Expression::Kind::SizeOfType;
            whole->type = std::move(*type);
            return whole;
        }
        auto inner = unary();
        if (!inner) return inner;
        whole->operands.push_back(std::move(*inner));
        return whole;
    }

    // "(TYPE) x", "{TYPE} x"
    Result<Node> typed(Expression::Kind kind, std::string_view closing) {
        Node whole = node(kind, here());
        ++at_;
        auto type = type_words();
        if (!type) return fail(type.error());
        if (!accept(closing)) return wrong(fmt::format("a '{}' is missing behind the type", closing));
        whole->type = std::move(*type);
        auto inner = unary();
        if (!inner) return inner;
        whole->operands.push_back(std::move(*inner));
        return whole;
    }

    bool starts_type(const Token& token) const {
        if (token.kind != Token::Kind::Name) return false;
        const std::string_view word = token.text;
        return word == "struct" || word == "union" || word == "enum" || is_basic_word(word) ||
               is_qualifier_word(word) || is_type_(context_, word);
    }

    void skip_qualifiers() {
        while (here().kind == Token::Kind::Name && is_qualifier_word(here().text)) ++at_;
    }

    Result<TypeWords> type_words() {
        skip_qualifiers();
        TypeWords type;
        type.column = here().column;
        const std::string_view first = here().text;
        if (first == "struct" || first == "union" || first == "enum") {
            type.keyword = first;
            ++at_;
            if (here().kind != Token::Kind::Name) return wrong("the name of the type is missing");
            type.name = here().text;
            ++at_;
        } else if (is_basic_word(first)) {
            std::vector<std::string_view> words;
            for (; here().kind == Token::Kind::Name &&
                   (is_basic_word(here().text) || is_qualifier_word(here().text));
                 ++at_)
                if (is_basic_word(here().text)) words.push_back(here().text);
            type.name = basic_type(words);
        } else {
            type.name = first;
            ++at_;
        }
        for (skip_qualifiers(); accept("*"); skip_qualifiers()) ++type.pointers;
        if (is("(") && ahead(1).text == "*") {
            for (++at_; accept("*");) ++type.to_array;
            if (!accept(")")) return wrong("a ')' is missing");
            if (!is("[")) return wrong("the number of elements is missing: [N]");
        }
        if (accept("[")) {
            if (here().kind != Token::Kind::Integer) return wrong("the number of elements is missing");
            type.elements = here().number;
            ++at_;
            if (!accept("]")) return wrong("a ']' is missing");
        }
        return type;
    }

    Result<Node> postfixed() {
        auto whole = primary();
        while (whole && (is("[") || is(".") || is("->"))) {
            const Token token = here();
            ++at_;
            Node outer = node(token.text == "[" ? Expression::Kind::Index : Expression::Kind::Member, token);
            outer->operands.push_back(std::move(*whole));
            if (token.text == "[") {
                auto index = comma();
                if (!index) return index;
                if (!accept("]")) return wrong("a ']' is missing");
                outer->operands.push_back(std::move(*index));
            } else {
                if (here().kind != Token::Kind::Name) return wrong("the name of a member is missing");
                outer->token = here();
                outer->word = here().text;
                ++at_;
            }
            whole = std::move(outer);
        }
        return whole;
    }

    Result<Node> primary() {
        const Token token = here();
        switch (token.kind) {
            case Token::Kind::Integer: ++at_; return node(Expression::Kind::Integer, token);
            case Token::Kind::Floating: ++at_; return node(Expression::Kind::Floating, token);
            case Token::Kind::Character: ++at_; return node(Expression::Kind::Character, token);
            case Token::Kind::Name: ++at_; return node(Expression::Kind::Name, token);
            case Token::Kind::Text: return wrong("a string lies nowhere in the dump");
            case Token::Kind::End: return wrong("a value is missing");
            case Token::Kind::Operator: break;
        }
        if (!accept("(")) return wrong(fmt::format("'{}' stands where a value should", token.text));
        auto inner = comma();
        if (inner && !accept(")")) return wrong("a ')' is missing");
        return inner;
    }

    std::string_view text_;
    std::vector<Token> tokens_;
    const void* context_;
    IsTypeName is_type_;
    std::size_t at_ = 0;
    unsigned depth_ = 0;
};

}  // namespace

Result<std::unique_ptr<Expression>> parse_expression(std::string_view text, const void* context,
                                                     IsTypeName is_type_name) {
    auto tokens = cut_into_tokens(text);
    if (!tokens) return fail(std::move(tokens.error()));
    return ExpressionParser(text, std::move(*tokens), context, is_type_name).parse();
}

}  // namespace postmortem
