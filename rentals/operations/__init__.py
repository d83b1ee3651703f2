"""Everything that changes more than one row of the journal, one module for each subject.

``purchase`` (asking for a number), ``sending`` (the worker that buys), ``activation`` (SMS, cancel,
the end), ``sweep`` (what time does). Functions are keyword-only, own their transactions, and never
call the network inside one.
"""
