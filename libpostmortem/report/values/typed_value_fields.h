// Values and layouts, which several documents have.
#pragma once

#include <postmortem/type_layout.h>
#include <postmortem/typed_value.h>

#include "output/describe.h"

namespace postmortem {

void describe(Describer<LayoutLine>& line);
void describe(Describer<TypeLayout>& layout);
void describe(Describer<ValueNode>& node);
void describe(Describer<TypedValue>& value);

}  // namespace postmortem
