#include <charconv>
#include <string_view>
#include <utility>

#include <postmortem/struct_walk.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::ListRequest;
using postmortem::TreeRequest;

constexpr std::uint32_t largest_struct = 1 << 20;

Syntax list_syntax() {
    Syntax syntax{"DUMP [STRUCT.MEMBER] ADDRESS|SYMBOL",
                  "Walks a linked list and shows the structs on it: their addresses or, with -s, what they "
                  "hold. Without\n"
                  "-h and -H the address is of the first struct, and links point at structs.\n\n"
                  "  postmortem list vmcore task_struct.tasks -s task_struct.pid,comm -h init_task\n"
                  "  postmortem list vmcore -H modules -o module.list -s module.name\n"};
    syntax.most_operands = 2;
    syntax.has_ndjson = true;
    syntax.shows_types = true;
    syntax.options = {
        on_or_off("embedded,h", "the address is of a struct, the first, with a list_head in it"),
        on_or_off("head,H", "the address is of a list_head that is in no struct of the list"),
        text("offset,o", "MEMBER", "where the link lies in a struct: STRUCT.MEMBER, or a number of bytes"),
        text("head-offset,O", "MEMBER", "with -h: where it lies in the first struct, if elsewhere"),
        text("struct,s", "STRUCT", "what to show of each: STRUCT, or STRUCT.MEMBER,..."),
        text("direct,S", "STRUCT", "the same, without commas"),
        text("member,l", "MEMBER", "what is shown begins so far in front of the link"),
        text("end,e", "ADDRESS", "where the list ends"),
        on_or_off("reverse,r", "backwards, through list_head.prev"),
        on_or_off("brent,B", "loops are always found: as without this option"),
        on_or_off("count,c", "say how many there are, too"),
        on_or_off("hex,x", "numbers in hexadecimal"),
        on_or_off("decimal,d", "numbers in decimal, as they are without this option")};
    syntax.rules.ranks = {{"head", "embedded"}};
    syntax.rules.exclusive = {{"struct", "direct"}, {"offset", "member"}};
    syntax.rules.only_with = {{"head-offset", {"embedded"}}, {"member", {"struct", "direct"}}};
    return syntax;
}

// By how the word begins, as long as one kind alone begins so.
std::optional<TreeRequest::Kind> tree_kind(const std::string& word) {
    constexpr std::pair<std::string_view, TreeRequest::Kind> kinds[] = {
        {"rbtree", TreeRequest::Kind::RedBlack},
        {"xarray", TreeRequest::Kind::Xarray},
        {"radix", TreeRequest::Kind::Radix},
        {"maple", TreeRequest::Kind::Maple}};
    if (word.empty()) return TreeRequest::Kind::RedBlack;
    std::optional<TreeRequest::Kind> meant;
    for (const auto& [name, kind] : kinds) {
        if (!name.starts_with(word)) continue;
        if (meant) return std::nullopt;
        meant = kind;
    }
    return meant;
}

postmortem::WalkStyle walk_style(const Arguments& arguments) {
    postmortem::WalkStyle style;
    style.structs.hexadecimal = arguments.has("hex");
    style.structs.commas = !arguments.has("direct");
    style.positions = arguments.has("position");
    const auto kind = tree_kind(arguments.text("type"));
    style.decimal_addresses = kind == TreeRequest::Kind::Maple && !arguments.has("hex");
    return style;
}

int finish_walk(const Arguments& arguments, const postmortem::Result<postmortem::WalkedStructs>& walked,
                Output& output) {
    if (!walked) return output.finish(walked.error());
    output.expect_much();
    if (arguments.json || arguments.ndjson) return print(arguments, *walked, output);
    std::string text = to_text(*walked, walk_style(arguments));
    if (arguments.has("count")) text += std::to_string(walked->entries.size()) + " entries\n";
    return output.finish(text, walked->problems);
}

// STRUCT.MEMBER, or so few bytes that they are no address.
bool tells_link(const std::string& word) {
    if (word.find('.') != word.npos) return true;
    const bool hexadecimal = word.starts_with("0x");
    const std::string digits = hexadecimal ? word.substr(2) : word;
    std::uint32_t bytes = 0;
    const auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), bytes, hexadecimal ? 16 : 10);
    return error == std::errc() && rest == digits.data() + digits.size() && bytes < largest_struct;
}

int ask_list(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty())
        return output.complain("list: no address is given; see `postmortem list --help`");
    ListRequest request;
    // As crash has it, the one of two words that tells where the link lies, wherever it stands.
    const bool link_behind =
        arguments.rest.size() > 1 && !tells_link(arguments.rest.front()) && tells_link(arguments.rest.back());
    request.at = link_behind ? arguments.rest.front() : arguments.rest.back();
    request.link = arguments.text("offset");
    if (arguments.rest.size() > 1 && arguments.has("offset"))
        return output.complain("list: where the link lies is told twice, by -o and by '" +
                               (link_behind ? arguments.rest.back() : arguments.rest.front()) + "'");
    if (arguments.rest.size() > 1)
        request.link = link_behind ? arguments.rest.back() : arguments.rest.front();
    if (arguments.has("embedded")) request.start = ListRequest::Start::Embedded;
    if (arguments.has("head")) request.start = ListRequest::Start::Head;
    request.head_link = arguments.text("head-offset");
    request.type = arguments.has("struct") ? arguments.text("struct") : arguments.text("direct");
    request.member = arguments.text("member");
    request.end = arguments.text("end");
    request.backwards = arguments.has("reverse");
    return finish_walk(arguments, postmortem::walk_list(dump, request), output);
}

Syntax tree_syntax() {
    Syntax syntax{"DUMP ADDRESS|SYMBOL",
                  "Walks a tree and shows what is in it: addresses or, with -s, what the structs hold.\n\n"
                  "  postmortem tree vmcore -t rb -o vmap_area.rb_node -s vmap_area.va_start vmap_area_root\n"
                  "  postmortem tree vmcore -t xarray -r pid_namespace.idr init_pid_ns\n"};
    syntax.most_operands = 1;
    syntax.has_ndjson = true;
    syntax.shows_types = true;
    syntax.options = {
        text("type,t", "TYPE",
             "rbtree (rb), which it is without this option, xarray (x), radix (ra), maple (m)"),
        text("root,r", "MEMBER", "where the root lies in the struct at the address: STRUCT.MEMBER, or bytes"),
        text("offset,o", "MEMBER", "where the rb_node lies in a struct"),
        text("struct,s", "STRUCT", "what to show of each: STRUCT, or STRUCT.MEMBER,..."),
        text("direct,S", "STRUCT", "the same, without commas"),
        on_or_off("linear,l", "a red-black tree from left to right, rather than from the root down"),
        on_or_off("position,p", "where in the tree each lies, too"),
        on_or_off("node,N", "the address is of a node, not of the root"),
        on_or_off("hex,x", "numbers in hexadecimal"),
        on_or_off("decimal,d", "numbers in decimal, as they are without this option")};
    syntax.rules.exclusive = {{"struct", "direct"}, {"root", "node"}};
    return syntax;
}

int ask_tree(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty())
        return output.complain("tree: no address is given; see `postmortem tree --help`");
    const auto kind = tree_kind(arguments.text("type"));
    if (!kind)
        return output.complain("tree: -t takes rbtree, xarray, radix or maple, not '" +
                               arguments.text("type") + "'");
    if (*kind != TreeRequest::Kind::RedBlack)
        for (const auto& [option, letter] : {std::pair("linear", 'l'), {"offset", 'o'}})
            if (arguments.has(option))
                return output.complain(std::string("tree: -") + letter + " is about red-black trees alone");
    TreeRequest request;
    request.kind = *kind;
    request.at = arguments.rest[0];
    request.at_node = arguments.has("node");
    request.root = arguments.text("root");
    request.link = arguments.text("offset");
    request.in_order = arguments.has("linear");
    request.type = arguments.has("struct") ? arguments.text("struct") : arguments.text("direct");
    return finish_walk(arguments, postmortem::walk_tree(dump, request), output);
}

}  // namespace

const Command list_command = {"list", "the structs on a linked list", list_syntax, ask_list, nullptr};
const Command tree_command = {"tree", "the structs in a tree", tree_syntax, ask_tree, nullptr};

}  // namespace tool
