// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <geodesic.h>
#include <proj.h>
