#include "output/describe.h"

#include <algorithm>

#include "base/text.h"

namespace postmortem {

void AnswerField::tell(const void* object, Sink& sink) const {
    if (holds && !holds(object)) {
        if (otherwise == WhenAbsent::LeftOut) return;
        sink.key(name);
        return sink.null();
    }
    if (compute) return compute(*this, object, sink);
    tell_value(static_cast<const std::byte*>(object) + offset, sink);
}

void AnswerField::tell_value(const void* value, Sink& sink) const {
    if (name.empty()) return type.object->tell(value, sink);
    const WhenAbsent absent = if_empty != WhenAbsent::Told && type.empty(value) ? if_empty : WhenAbsent::Told;
    if (absent == WhenAbsent::LeftOut) return;
    sink.key(name);
    if (absent == WhenAbsent::Null) return sink.null();
    type.tell(type, value, sink);
}

bool AnswerField::may_be_null() const {
    if (if_empty == WhenAbsent::LeftOut) return false;
    return type.nullable || if_empty == WhenAbsent::Null || (holds && otherwise == WhenAbsent::Null);
}

bool AnswerField::may_be_left_out() const {
    return if_empty == WhenAbsent::LeftOut || (holds && otherwise == WhenAbsent::LeftOut);
}

void Description::tell(const void* object, Sink& sink) const {
    for (const AnswerField& field : fields) field.tell(object, sink);
}

const AnswerField* Description::answer() const {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [](const AnswerField& field) { return field.is_answer; });
    return found == fields.end() ? nullptr : &*found;
}

namespace describing {

void tell_map(const AnswerType& type, const std::vector<std::string_view>& names,
              const std::vector<const void*>& values, Sink& sink) {
    std::vector<std::string> keys;
    keys.reserve(names.size());
    for (const std::string_view name : names) keys.push_back(escaped(name, true));
    const AnswerType& element = type.element.front();
    sink.begin_object(nullptr);
    for (auto key = keys.begin(); key != keys.end(); ++key) {
        if (std::find(keys.begin(), key, *key) != key) continue;
        const auto last = std::find(keys.rbegin(), keys.rend(), *key);
        sink.key(*key);
        element.tell(element, values[static_cast<std::size_t>(keys.rend() - last) - 1], sink);
    }
    sink.end_object();
}

}  // namespace describing
}  // namespace postmortem
