"""Which answers of agents members have reported: where and when, never what they say."""
