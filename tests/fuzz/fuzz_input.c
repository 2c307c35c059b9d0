/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the terminal sends, with pauses (octet 0: the next one times 8 ms). */
#include "tests/fuzz/fuzz.h"
#include "ui/input.h"

const char fuzz_name[] = "input";

static void check(const struct ft_event *events, unsigned count)
{
	FUZZ_CHECK(count <= FT_INPUT_EVENTS);
	for (unsigned i = 0; i < count; i++) {
		FUZZ_CHECK(events[i].key <= FT_KEY_WHEEL_DOWN);
		FUZZ_CHECK(events[i].x >= 0 && events[i].y >= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ft_event events[FT_INPUT_EVENTS];
	struct ft_input input;
	uint64_t now = 1000000000;

	ft_input_init(&input);
	while (size > 0) {
		uint8_t byte = (uint8_t)fuzz_take(&data, &size, 1);

		if (byte == 0) {
			now += fuzz_take(&data, &size, 1) * 8000000;
			check(events, ft_input_tick(&input, now, events));
			continue;
		}
		check(events, ft_input_byte(&input, byte, now, events));
	}
	/* whatever came, all that is open is over after a while: then a letter is a letter */
	now += 10 * FT_ESC_SEQUENCE_NS;
	ft_input_tick(&input, now, events);
	check(events, ft_input_byte(&input, 'q', now, events));
	return 0;
}
