// Descriptions as JSON Schema, draft 2020-12 (json-schema.org). Parts with a name stand under "$defs".
#include <postmortem/schema.h>

#include "output/documents.h"
#include "output/json.h"

namespace postmortem {
namespace {

class SchemaWriter {
  public:
    explicit SchemaWriter(std::string& out) : json_(out, JsonWriter::Style::Indented) {}

    void document(const Document& document) {
        const Description& description = document.description();
        json_.begin_object(nullptr);
        put("$schema", "https://json-schema.org/draft/2020-12/schema");
        put("title", "postmortem " + std::string(document.command));
        if (!description.meaning.empty()) put("description", description.meaning);
        object(description);
        const auto parts = named_parts(description);
        if (!parts.empty()) {
            json_.key("$defs");
            json_.begin_object(nullptr);
            for (const Description* part : parts) definition(*part);
            json_.end_object();
        }
        json_.end_object();
    }

  private:
    void put(std::string_view key, std::string_view text) {
        json_.key(key);
        json_.text(text);
    }

    void definition(const Description& part) {
        json_.key(anchor(part.name));
        json_.begin_object(nullptr);
        put("description", part.meaning);
        object(part);
        json_.end_object();
    }

    void object(const Description& description) {
        put("type", "object");
        json_.key("properties");
        json_.begin_object(nullptr);
        properties(description);
        json_.end_object();
    }

    void properties(const Description& description) {
        for (const AnswerField& field : description.fields) {
            if (field.name.empty()) {
                properties(*field.type.object);
                continue;
            }
            json_.key(field.name);
            json_.begin_object(nullptr);
            put("description", field.meaning);
            value(field.type, field.may_be_null());
            json_.end_object();
        }
    }

    void types(std::string_view type, bool or_null) {
        json_.key("type");
        if (!or_null) return json_.text(type);
        json_.begin_list();
        json_.text(type);
        json_.text("null");
        json_.end_list();
    }

    void value(const AnswerType& type, bool or_null) {
        switch (type.kind) {
            case AnswerKind::Boolean: return types("boolean", or_null);
            case AnswerKind::Integer: return types("integer", or_null);
            case AnswerKind::Number: return types("number", or_null);
            case AnswerKind::Text: return types("string", or_null);
            case AnswerKind::Address: types("string", or_null); return put("pattern", "^0x[0-9a-f]{1,16}$");
            case AnswerKind::Word: types("string", or_null); return words(type, or_null);
            case AnswerKind::List: types("array", or_null); return element("items", type);
            case AnswerKind::Map: types("object", or_null); return element("additionalProperties", type);
            case AnswerKind::Object: break;
        }
        if (!type.object->name.empty()) return reference(*type.object, or_null);
        types("object", or_null);
        json_.key("properties");
        json_.begin_object(nullptr);
        properties(*type.object);
        json_.end_object();
    }

    void words(const AnswerType& type, bool or_null) {
        json_.key("enum");
        json_.begin_list();
        for (const std::string& word : type.words) json_.text(word);
        if (or_null) json_.null();
        json_.end_list();
    }

    void element(std::string_view key, const AnswerType& type) {
        json_.key(key);
        json_.begin_object(nullptr);
        value(type.element.front(), type.element.front().nullable);
        json_.end_object();
    }

    void reference(const Description& part, bool or_null) {
        const std::string target = "#/$defs/" + anchor(part.name);
        if (!or_null) return put("$ref", target);
        json_.key("anyOf");
        json_.begin_list();
        json_.begin_object(nullptr);
        put("$ref", target);
        json_.end_object();
        json_.begin_object(nullptr);
        put("type", "null");
        json_.end_object();
        json_.end_list();
    }

    JsonWriter json_;
};

}  // namespace

std::vector<std::string_view> json_documents() {
    std::vector<std::string_view> names;
    for (const Document& document : documents()) names.push_back(document.name);
    return names;
}

std::string json_schema(std::string_view name) {
    std::string out;
    for (const Document& document : documents()) {
        if (document.name != name) continue;
        SchemaWriter(out).document(document);
        out += '\n';
    }
    return out;
}

}  // namespace postmortem
