// What holds for every description: a schema can be made of it, and a reader is told what each field means.
#include "output/documents.h"

#include <set>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <postmortem/schema.h>

namespace postmortem {
namespace {

void check_type(const AnswerType& type) {
    CHECK((type.kind == AnswerKind::Word) == !type.words.empty());
    CHECK((type.kind == AnswerKind::Object) == (type.object != nullptr));
    CHECK((type.kind == AnswerKind::List || type.kind == AnswerKind::Map) == !type.element.empty());
    CHECK((type.tell != nullptr));
    for (const std::string& word : type.words) CHECK_FALSE(word.empty());
    CHECK(std::set(type.words.begin(), type.words.end()).size() == type.words.size());
    for (const AnswerType& element : type.element) check_type(element);
}

void check_fields(const Description& description, std::set<std::string_view>& names) {
    for (const AnswerField& field : description.fields) {
        CAPTURE(std::string(field.name));
        check_type(field.type);
        if (field.name.empty()) {
            check_fields(*field.type.object, names);
            continue;
        }
        CHECK_FALSE(field.meaning.empty());
        CHECK(names.insert(field.name).second);
    }
}

// Descriptions refer to each other without circles.
void check_description(const Description& description) {
    CAPTURE(std::string(description.name));
    CHECK_FALSE(description.fields.empty());
    CHECK(description.name.empty() == description.meaning.empty());
    std::set<std::string_view> names;
    check_fields(description, names);
    for (const AnswerField& field : description.fields) {
        const AnswerType* type = &field.type;
        while (!type->element.empty()) type = &type->element.front();
        if (type->object) check_description(*type->object);
    }
}

}  // namespace

TEST_CASE("every field has a meaning and a name of its own, every word its list") {
    for (const Document& document : documents()) {
        CAPTURE(std::string(document.name));
        check_description(document.description());
    }
}

TEST_CASE("parts with the same name are the same") {
    for (const Document& document : documents()) {
        std::set<std::string_view> names;
        for (const Description* part : named_parts(document.description()))
            CHECK(names.insert(part->name).second);
    }
}

TEST_CASE("there is a schema of every document, and of no other") {
    for (const std::string_view name : json_documents()) {
        const auto schema = nlohmann::json::parse(json_schema(name));
        CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
        CHECK_FALSE(schema["properties"].empty());
        CHECK_FALSE(schema.contains("required"));
        CHECK(json_tables().find("\n## " + std::string(name) + "\n") != std::string::npos);
    }
    CHECK(json_schema("nothing").empty());
}

}  // namespace postmortem
