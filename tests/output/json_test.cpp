// JSON from descriptions: the very bytes that nlohmann's printer gives, whatever the values.
#include "output/json.h"

#include <limits>
#include <random>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

using Json = nlohmann::ordered_json;

namespace postmortem {

struct Wheel {
    std::string name;
    std::uint64_t value = 0;
};

enum class Colour { Red, Green };
std::string_view to_string(Colour colour) {
    return colour == Colour::Red ? "red" : "green";
}

struct Cart {
    std::uint64_t id = 0, address = 0;
    std::optional<std::int32_t> load;
    std::string owner;
    Colour colour = Colour::Red;
    std::vector<Wheel> wheels;
    std::vector<Wheel> notes;
    std::optional<Wheel> spare;
    Problems problems;
};

void describe(Describer<Wheel>& wheel) {
    wheel.add("name", &Wheel::name, "-");
    wheel.add("value", &Wheel::value, "-");
}

void describe(Describer<Cart>& cart) {
    cart.is_document();
    cart.add("wheels", &Cart::wheels, "-").answer();
    cart.add("id", &Cart::id, "-").or_null();
    cart.add("address", &Cart::address, "-").address();
    cart.add("load", &Cart::load, "-").or_left_out();
    cart.add("owner", &Cart::owner, "-").or_null();
    cart.word("colour", &Cart::colour, Colour::Green, "-");
    cart.add(
            "twice", [](const Cart& c) { return c.id * 2; }, "-")
        .only_if([](const Cart& c) { return c.id > 1; });
    cart.map("notes", &Cart::notes, "-");
    cart.splice([](const Cart& c) { return c.spare ? *c.spare : Wheel{"none", 0}; });
    add_problems(cart);
}

namespace {

std::string random_text(std::mt19937& random) {
    std::string text;
    for (auto left = random() % 12; left > 0; --left)
        text +=
            random() % 3 == 0 ? static_cast<char>(random() % 256) : static_cast<char>('a' + random() % 26);
    return escaped(text, true);
}

double random_double(std::mt19937& random) {
    switch (random() % 4) {
        case 0: return static_cast<double>(random() % 1000) / 10;
        case 1: return static_cast<double>(random()) * 1e12;
        case 2: return static_cast<double>(random()) / 1e15;
        default: return static_cast<double>(random()) / static_cast<double>(random());
    }
}

Json random_json(std::mt19937& random, unsigned depth) {
    switch (random() % (depth == 0 ? 6 : 8)) {
        case 0: return nullptr;
        case 1: return random() % 2 == 0;
        case 2: return -static_cast<std::int64_t>(random());
        case 3: return std::numeric_limits<std::uint64_t>::max() - random();
        case 4: return random_double(random);
        case 5: return random_text(random);
        case 6: {
            Json list = Json::array();
            for (auto left = random() % 4; left > 0; --left) list.push_back(random_json(random, depth - 1));
            return list;
        }
        default: {
            Json object = Json::object();
            for (auto left = random() % 4; left > 0; --left)
                object[random_text(random)] = random_json(random, depth - 1);
            return object;
        }
    }
}

void tell(const Json& value, Sink& sink) {
    switch (value.type()) {
        case Json::value_t::boolean: return sink.boolean(value.get<bool>());
        case Json::value_t::number_integer: return sink.integer(value.get<std::int64_t>());
        case Json::value_t::number_unsigned: return sink.natural(value.get<std::uint64_t>());
        case Json::value_t::number_float: return sink.number(value.get<double>());
        case Json::value_t::string: return sink.text(value.get<std::string>());
        case Json::value_t::array:
            sink.begin_list();
            for (const Json& item : value) tell(item, sink);
            return sink.end_list();
        case Json::value_t::object:
            sink.begin_object(nullptr);
            for (const auto& [name, item] : value.items()) {
                sink.key(name);
                tell(item, sink);
            }
            return sink.end_object();
        default: return sink.null();
    }
}

std::string written(const Json& value, JsonWriter::Style style) {
    std::string out;
    JsonWriter writer(out, style);
    tell(value, writer);
    return out;
}

const Cart cart{7,
                0xffffffff81000000,
                std::nullopt,
                "",
                Colour::Green,
                {{"left", 1}, {"right", 2}},
                {{"a", 1}, {"b", 2}, {"a", 3}},
                std::nullopt,
                {}};

}  // namespace

TEST_CASE("the writer's bytes are nlohmann's, indented and on one line") {
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i) {
        const Json value = random_json(random, 4);
        REQUIRE(written(value, JsonWriter::Style::Indented) == value.dump(2));
        REQUIRE(written(value, JsonWriter::Style::OneLine) == value.dump());
    }
}

TEST_CASE("bytes that are no UTF-8 and control characters are escaped") {
    std::string out;
    JsonWriter writer(out, JsonWriter::Style::OneLine);
    writer.text("\x1b[1m\xff\n\"\\");
    CHECK(out == R"("\\x1b[1m\\xff\n\"\\")");
}

TEST_CASE("a struct is told as it is described") {
    Json expected;
    expected["wheels"] = {{{"name", "left"}, {"value", 1}}, {{"name", "right"}, {"value", 2}}};
    expected["id"] = 7;
    expected["address"] = "0xffffffff81000000";  // load is absent: left out
    expected["owner"] = nullptr;                 // empty
    expected["colour"] = "green";
    expected["twice"] = 14;
    expected["notes"] = {{"a", 3}, {"b", 2}};  // a name that comes twice: its last value in the first place
    expected["name"] = "none";                 // spliced
    expected["value"] = 0;
    expected["problems"] = Json::array();
    CHECK(json_document(cart) == expected.dump(2) + "\n");

    Cart other = cart;
    other.id = 0;
    other.load = 0;
    expected["id"] = nullptr;
    expected["twice"] = nullptr;
    const Json told = Json::parse(json_document(other));
    CHECK(told["id"].is_null());
    CHECK(told["twice"].is_null());
    CHECK(told["load"] == 0);
}

TEST_CASE("a document in pieces has the same bytes as in one") {
    for (const std::size_t wheels : {0, 1, 3}) {
        Cart whole = cart;
        whole.wheels.assign(wheels, Wheel{"w", 5});
        whole.problems = {Error(ErrorCode::NotFound, "no brake", 16)};
        Cart rest = whole;
        rest.wheels.clear();
        std::string out;
        for (std::size_t i = 0; i < wheels; ++i)
            append_json_item(out, description<Cart>(), &whole.wheels[i], i == 0);
        append_json_end(out, description<Cart>(), &rest, wheels == 0);
        CHECK(out == json_document(whole));
    }
}

TEST_CASE("NDJSON has the items of the list that the document is about, a line each") {
    CHECK(ndjson_lines(cart) == "{\"name\":\"left\",\"value\":1}\n{\"name\":\"right\",\"value\":2}\n");
    CHECK(ndjson_lines(Cart{}).empty());
}

}  // namespace postmortem
