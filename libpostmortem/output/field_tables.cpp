// Descriptions as tables in Markdown: one for each document, then one for each part that has a name.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/schema.h>

#include "output/documents.h"

namespace postmortem {
namespace {

std::string words_of(const AnswerType& type) {
    constexpr std::size_t most = 16;
    if (type.words.size() > most)
        return fmt::format("one of {} words (in the [schema](schema))", type.words.size());
    std::string text;
    for (const std::string& word : type.words) text += fmt::format("{}`{}`", text.empty() ? "" : ", ", word);
    return text;
}

const Document* document_of(const Description& description) {
    const auto all = documents();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Document& document) {
        return &document.description() == &description;
    });
    return found == all.end() ? nullptr : &*found;
}

std::string link_to(const Description& description) {
    const Document* document = document_of(description);
    const std::string_view name = document ? document->name : description.name;
    return fmt::format("[{}](#{})", name, anchor(name));
}

std::string type_text(const AnswerType& type) {
    switch (type.kind) {
        case AnswerKind::Boolean: return "true or false";
        case AnswerKind::Integer: return "integer";
        case AnswerKind::Number: return "number";
        case AnswerKind::Text: return "text";
        case AnswerKind::Address: return "address";
        case AnswerKind::Word: return words_of(type);
        case AnswerKind::List: return "list of " + type_text(type.element.front());
        case AnswerKind::Map: return "object: names, each with " + type_text(type.element.front());
        case AnswerKind::Object: break;
    }
    return type.object->name.empty() ? "object" : link_to(*type.object);
}

void append_rows(std::string& out, const Description& description, const std::string& prefix);

// The fields of an object without a name follow that of which they are part.
void append_row(std::string& out, const AnswerField& field, const std::string& prefix) {
    std::string path = prefix + std::string(field.name);
    const char* absent = field.may_be_null() ? ", or null" : field.may_be_left_out() ? ", or left out" : "";
    out += fmt::format("| `{}` | {}{} | {} |\n", path, type_text(field.type), absent, field.meaning);
    const AnswerType* type = &field.type;
    for (; !type->element.empty(); type = &type->element.front())
        path += type->kind == AnswerKind::Map ? ".*" : "[]";
    if (type->object && type->object->name.empty()) append_rows(out, *type->object, path + ".");
}

void append_rows(std::string& out, const Description& description, const std::string& prefix) {
    for (const AnswerField& field : description.fields) {
        if (field.name.empty())
            append_rows(out, *field.type.object, prefix);
        else
            append_row(out, field, prefix);
    }
}

void append_table(std::string& out, const Description& description) {
    out += "\n| field | value | meaning |\n|---|---|---|\n";
    append_rows(out, description, "");
}

}  // namespace

std::string json_tables() {
    std::string out;
    std::vector<const Description*> parts;
    for (const Document& document : documents()) {
        const Description& description = document.description();
        out += fmt::format("\n## {}\n\n`postmortem {}`\n", document.name, document.command);
        append_table(out, description);
        for (const Description* part : named_parts(description))
            if (!document_of(*part) && std::find(parts.begin(), parts.end(), part) == parts.end())
                parts.push_back(part);
    }
    for (const Description* part : parts) {
        out += fmt::format("\n## {}\n\n{}.\n", part->name, part->meaning);
        append_table(out, *part);
    }
    return out;
}

}  // namespace postmortem
