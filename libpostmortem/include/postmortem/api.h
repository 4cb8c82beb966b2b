// Marks what the shared library exports; everything else stays inside.
#pragma once

#define POSTMORTEM_API __attribute__((visibility("default")))
