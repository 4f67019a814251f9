"""The 112 "first steps in Python" tasks of the held-out split.

Data, not code: `build.py` checks these tasks and writes them as `held_out.jsonl`. The tasks come
in three parts, with about the same shares in both splits: one-liners of the simplest kind, a
simple loop, comprehension or builtin, and a few that are a bit harder.
"""

from task import Task

TASKS: tuple[Task, ...] = (
    Task(
        name="multiply_numbers",
        signature="multiply_numbers(a, b)",
        question=(
            "Write a function `multiply_numbers(a, b)` that returns the product of the two "
            "numbers a and b."
        ),
        reference="""\
def multiply_numbers(a, b):
    return a * b
""",
        calls=("2, 3", "0, 5", "-2, 4", "-3, -3", "1, 9", "0.5, 8", "12, 12"),
        wrong=(("6, 7", "13"),),
    ),
    Task(
        name="subtract_numbers",
        signature="subtract_numbers(a, b)",
        question=(
            "Write a function `subtract_numbers(a, b)` that returns the number a minus the number "
            "b."
        ),
        reference="""\
def subtract_numbers(a, b):
    return a - b
""",
        calls=("5, 3", "3, 5", "0, 0", "-2, -2", "-1, 4", "10, 0", "2.5, 0.5", "7, -3"),
        wrong=(("2, 9", "7"), ("4, -4", "0")),
    ),
    Task(
        name="is_odd",
        signature="is_odd(n)",
        question=(
            "Write a function `is_odd(n)` that returns True if the integer n is odd and False "
            "otherwise."
        ),
        reference="""\
def is_odd(n):
    return n % 2 == 1
""",
        calls=("1", "2", "0", "-3", "-8", "99", "100"),
        wrong=(("-1", "False"),),
    ),
    Task(
        name="is_negative",
        signature="is_negative(n)",
        question=(
            "Write a function `is_negative(n)` that returns True if the number n is less than "
            "zero and False otherwise. Zero is not negative."
        ),
        reference="""\
def is_negative(n):
    return n < 0
""",
        calls=("-1", "1", "0", "-0.5", "42", "-100", "0.1"),
        wrong=(("-3", "False"),),
    ),
    Task(
        name="absolute_difference",
        signature="absolute_difference(a, b)",
        question=(
            "Write a function `absolute_difference(a, b)` that returns the absolute difference "
            "between the two numbers a and b: how far apart they are, never negative."
        ),
        reference="""\
def absolute_difference(a, b):
    return abs(a - b)
""",
        calls=("5, 3", "3, 5", "4, 4", "-1, 1", "-5, -2", "0, 9", "2.5, 1.0"),
        wrong=(("2, 8", "-6"), ("-3, 4", "1")),
    ),
    Task(
        name="smaller_of_two",
        signature="smaller_of_two(a, b)",
        question=(
            "Write a function `smaller_of_two(a, b)` that returns the smaller of the two numbers "
            "a and b. If they are equal, it returns that number."
        ),
        reference="""\
def smaller_of_two(a, b):
    return min(a, b)
""",
        calls=("1, 2", "2, 1", "3, 3", "-1, -2", "0, -5", "-5, 0", "9.5, 10", "100, 99"),
        wrong=(("-3, -8", "-3"), ("6, 4", "6")),
    ),
    Task(
        name="largest_of_three",
        signature="largest_of_three(a, b, c)",
        question=(
            "Write a function `largest_of_three(a, b, c)` that returns the largest of the three "
            "integers a, b and c."
        ),
        reference="""\
def largest_of_three(a, b, c):
    return max(a, b, c)
""",
        calls=(
            "1, 2, 3",
            "3, 2, 1",
            "1, 3, 2",
            "5, 5, 5",
            "-1, -2, -3",
            "0, -4, 4",
            "2, 7, 7",
            "9, 1, 9",
        ),
        wrong=(("-5, -9, -7", "-9"), ("4, 8, 6", "6"), ("1, 1, 0", "0")),
    ),
    Task(
        name="negate_number",
        signature="negate_number(n)",
        question=(
            "Write a function `negate_number(n)` that returns the number n with the opposite "
            "sign: a positive number becomes negative and a negative one positive. Zero stays "
            "zero."
        ),
        reference="""\
def negate_number(n):
    return -n
""",
        calls=("5", "-5", "0", "1", "-1", "2.5", "-100"),
        wrong=(("-4", "-4"),),
    ),
    Task(
        name="remainder",
        signature="remainder(a, b)",
        question=(
            "Write a function `remainder(a, b)` that returns the remainder of dividing the "
            "integer a by the integer b. a is zero or positive and b is positive."
        ),
        reference="""\
def remainder(a, b):
    return a % b
""",
        calls=("7, 3", "6, 3", "0, 4", "2, 5", "9, 1", "100, 7", "10, 10", "13, 8"),
        wrong=(("11, 4", "2"), ("3, 9", "0")),
    ),
    Task(
        name="cube_number",
        signature="cube_number(n)",
        question=(
            "Write a function `cube_number(n)` that returns the cube of the number n, that is, n "
            "times n times n."
        ),
        reference="""\
def cube_number(n):
    return n ** 3
""",
        calls=("1", "2", "0", "-1", "3", "10", "-2", "0.5"),
        wrong=(("4", "12"), ("-3", "27"), ("5", "25")),
    ),
    Task(
        name="box_volume",
        signature="box_volume(length, width, height)",
        question=(
            "Write a function `box_volume(length, width, height)` that returns the volume of a "
            "box, the product of its length, width and height."
        ),
        reference="""\
def box_volume(length, width, height):
    return length * width * height
""",
        calls=("1, 1, 1", "2, 3, 4", "0, 5, 5", "10, 10, 10", "7, 1, 2", "1.5, 2, 2", "5, 5, 1"),
        wrong=(("2, 2, 3", "7"), ("4, 5, 6", "20")),
    ),
    Task(
        name="triangle_area",
        signature="triangle_area(base, height)",
        question=(
            "Write a function `triangle_area(base, height)` that returns the area of a triangle, "
            "its base times its height divided by 2. The result need not be a whole number."
        ),
        reference="""\
def triangle_area(base, height):
    return base * height / 2
""",
        calls=("2, 2", "3, 5", "0, 4", "10, 5", "1, 1", "6, 7", "0.5, 4"),
        wrong=(("3, 3", "4"),),
    ),
    Task(
        name="days_to_hours",
        signature="days_to_hours(days)",
        question=(
            "Write a function `days_to_hours(days)` that returns how many hours there are in the "
            "given number of days."
        ),
        reference="""\
def days_to_hours(days):
    return days * 24
""",
        calls=("1", "0", "2", "7", "0.5", "10", "30"),
        wrong=(("3", "36"),),
    ),
    Task(
        name="power",
        signature="power(base, exponent)",
        question=(
            "Write a function `power(base, exponent)` that returns the number base raised to the "
            "power exponent, an integer that is zero or positive. Any number to the power 0 is 1."
        ),
        reference="""\
def power(base, exponent):
    return base ** exponent
""",
        calls=("2, 3", "5, 0", "0, 0", "3, 1", "-2, 3", "-2, 2", "10, 4", "0, 5"),
        wrong=(("3, 2", "6"), ("-3, 2", "-9"), ("7, 0", "0")),
    ),
    Task(
        name="is_between",
        signature="is_between(n, low, high)",
        question=(
            "Write a function `is_between(n, low, high)` that returns True if the number n is at "
            "least low and at most high, and False otherwise. Both ends are included."
        ),
        reference="""\
def is_between(n, low, high):
    return low <= n <= high
""",
        calls=(
            "5, 1, 10",
            "1, 1, 10",
            "10, 1, 10",
            "0, 1, 10",
            "11, 1, 10",
            "-5, -10, 0",
            "3, 3, 3",
            "5, -10, 0",
        ),
        wrong=(("7, 2, 7", "False"), ("-1, 0, 4", "True")),
    ),
    Task(
        name="to_uppercase",
        signature="to_uppercase(text)",
        question=(
            "Write a function `to_uppercase(text)` that returns the string text with all its "
            "letters in upper case."
        ),
        reference="""\
def to_uppercase(text):
    return text.upper()
""",
        calls=("'abc'", "'Hello'", "''", "'ALREADY'", "'a1b2'", "'two words'", "'?!'"),
        wrong=(("'good Day'", "'Good Day'"), ("'x'", "'x'"), ("'b-c'", "'BC'")),
    ),
    Task(
        name="last_character",
        signature="last_character(text)",
        question=(
            "Write a function `last_character(text)` that returns the last character of the "
            "string text as a string. If text is empty, it returns the empty string."
        ),
        reference="""\
def last_character(text):
    return text[-1:]
""",
        calls=("'abc'", "'a'", "''", "'x '", "'Hello'", "'no. 7'", "'WHAT?'"),
        wrong=(("'Sun'", "'s'"),),
    ),
    Task(
        name="shout",
        signature="shout(text)",
        question=(
            "Write a function `shout(text)` that returns the string text in upper case with one "
            "exclamation mark added at the end."
        ),
        reference="""\
def shout(text):
    return text.upper() + "!"
""",
        calls=("'hello'", "''", "'Stop'", "'WOW'", "'wow!'", "'two words'", "'a1'", "'no?'"),
        wrong=(("'go'", "'GO'"), ("'Run'", "'Run!'")),
    ),
    Task(
        name="is_empty_string",
        signature="is_empty_string(text)",
        question=(
            "Write a function `is_empty_string(text)` that returns True if the string text has no "
            "characters at all and False otherwise. A space is a character."
        ),
        reference="""\
def is_empty_string(text):
    return text == ""
""",
        calls=("''", "'a'", "' '", "'hello'", "'0'", "'   '", "'None'"),
        wrong=(("'  '", "True"), ("'False'", "True")),
    ),
    Task(
        name="starts_with",
        signature="starts_with(text, prefix)",
        question=(
            "Write a function `starts_with(text, prefix)` that returns True if the string text "
            "begins with the string prefix and False otherwise. Upper and lower case letters are "
            "different, and every string begins with the empty string."
        ),
        reference="""\
def starts_with(text, prefix):
    return text.startswith(prefix)
""",
        calls=(
            "'hello', 'he'",
            "'hello', 'lo'",
            "'abc', 'abc'",
            "'ab', 'abc'",
            "'abc', ''",
            "'Python', 'py'",
            "' x', 'x'",
        ),
        wrong=(("'Monday', 'mon'", "True"),),
    ),
    Task(
        name="strip_spaces",
        signature="strip_spaces(text)",
        question=(
            "Write a function `strip_spaces(text)` that returns the string text without the "
            "spaces at its beginning and at its end. Spaces inside the text stay."
        ),
        reference="""\
def strip_spaces(text):
    return text.strip(" ")
""",
        calls=("' a '", "'a'", "''", "'   '", "'  hello'", "'hello  '", "' a b '", "'x  y'"),
        wrong=(("' to do '", "'todo'"), ("'  left'", "' left'")),
    ),
    Task(
        name="remove_spaces",
        signature="remove_spaces(text)",
        question=(
            "Write a function `remove_spaces(text)` that returns the string text without any of "
            "its spaces."
        ),
        reference="""\
def remove_spaces(text):
    return text.replace(" ", "")
""",
        calls=("'a b'", "''", "'abc'", "'   '", "' lead'", "'a b c d'", "'two  spaces'", "'end '"),
        wrong=(("' in out '", "'in out'"),),
    ),
    Task(
        name="number_to_string",
        signature="number_to_string(n)",
        question=(
            "Write a function `number_to_string(n)` that returns the integer n written as a "
            "string of decimal digits, with a minus sign in front if n is negative."
        ),
        reference="""\
def number_to_string(n):
    return str(n)
""",
        calls=("5", "0", "-3", "123", "1000", "-99", "7"),
        wrong=(("42", "42"), ("-8", "'8'")),
    ),
    Task(
        name="first_three_characters",
        signature="first_three_characters(text)",
        question=(
            "Write a function `first_three_characters(text)` that returns a string with the first "
            "three characters of the string text. If text has fewer than three characters, it "
            "returns all of text."
        ),
        reference="""\
def first_three_characters(text):
    return text[:3]
""",
        calls=("'hello'", "'abc'", "'ab'", "''", "'a b c'", "'Python'", "'x'", "'12345'"),
        wrong=(("'table'", "'tabl'"), ("'hi'", "''"), ("'a bcd'", "'abc'")),
    ),
    Task(
        name="same_length",
        signature="same_length(a, b)",
        question=(
            "Write a function `same_length(a, b)` that returns True if the strings a and b have "
            "the same number of characters and False otherwise."
        ),
        reference="""\
def same_length(a, b):
    return len(a) == len(b)
""",
        calls=(
            "'abc', 'xyz'",
            "'a', 'ab'",
            "'', ''",
            "'', ' '",
            "'hi', 'ho'",
            "'cat', 'cat'",
            "'long', 'longer'",
        ),
        wrong=(("'one', 'two'", "False"),),
    ),
    Task(
        name="last_element",
        signature="last_element(items)",
        question=(
            "Write a function `last_element(items)` that returns the last element of the list "
            "items. If the list is empty, it returns None."
        ),
        reference="""\
def last_element(items):
    if not items:
        return None
    return items[-1]
""",
        calls=("[1, 2, 3]", "[7]", "[]", "['a', 'b']", "[1, 0]", "[5, -5]", "[[1], [2]]", "[4, 4]"),
        wrong=(("[6, 9]", "6"), ("['p', 'q', 'r']", "'q'")),
    ),
    Task(
        name="prepend_element",
        signature="prepend_element(items, value)",
        question=(
            "Write a function `prepend_element(items, value)` that returns a new list with the "
            "given value as the first element, followed by the elements of the list items."
        ),
        reference="""\
def prepend_element(items, value):
    return [value] + items
""",
        calls=(
            "[1, 2], 3",
            "[], 1",
            "['a'], 'b'",
            "[1], [2]",
            "[0, 0], 0",
            "[5, 6], None",
            "[2, 3], 1",
        ),
        wrong=(("[4, 5], 6", "[4, 5, 6]"), ("[7], 7", "[7]")),
    ),
    Task(
        name="min_of_list",
        signature="min_of_list(numbers)",
        question=(
            "Write a function `min_of_list(numbers)` that returns the smallest number in the list "
            "numbers. The list has at least one number."
        ),
        reference="""\
def min_of_list(numbers):
    return min(numbers)
""",
        calls=(
            "[1, 2, 3]",
            "[3, 2, 1]",
            "[5]",
            "[-1, -5, -3]",
            "[2, 2, 2]",
            "[0, 1]",
            "[4, 10, 3, 9]",
            "[1.5, 1.2]",
        ),
        wrong=(("[-6, -1]", "-1"), ("[8, 3, 5]", "5"), ("[0, -7, 7]", "0")),
    ),
    Task(
        name="drop_last",
        signature="drop_last(items)",
        question=(
            "Write a function `drop_last(items)` that returns a new list with all the elements of "
            "the list items except the last one. For an empty list it returns an empty list."
        ),
        reference="""\
def drop_last(items):
    return items[:-1]
""",
        calls=("[1, 2, 3]", "[1]", "[]", "['a', 'b']", "[5, 5, 5]", "[0, 0]", "[4, 3, 2, 1]"),
        wrong=(("[6, 7, 8]", "[7, 8]"),),
    ),
    Task(
        name="sort_descending",
        signature="sort_descending(numbers)",
        question=(
            "Write a function `sort_descending(numbers)` that returns a new list with the numbers "
            "of the list numbers in order from largest to smallest. Numbers that occur more than "
            "once are kept."
        ),
        reference="""\
def sort_descending(numbers):
    return sorted(numbers, reverse=True)
""",
        calls=("[1, 3, 2]", "[]", "[1]", "[2, 2, 3]", "[-1, -3, 0]", "[10, 9, 2]", "[1, 2, 3, 4]"),
        wrong=(("[5, 8, 5]", "[8, 5]"), ("[2, 7, 4]", "[2, 4, 7]"), ("[1, -9]", "[-9, 1]")),
    ),
    Task(
        name="swap_pair",
        signature="swap_pair(a, b)",
        question=(
            "Write a function `swap_pair(a, b)` that returns a tuple with the two values a and b "
            "in swapped order: b first, then a."
        ),
        reference="""\
def swap_pair(a, b):
    return (b, a)
""",
        calls=("1, 2", "'x', 'y'", "0, 0", "-1, 1", "'a', 1", "None, True", "[1], [2]"),
        wrong=(("3, 4", "(3, 4)"), ("'left', 'right'", "('left', 'right')")),
    ),
    Task(
        name="second_element",
        signature="second_element(items)",
        question=(
            "Write a function `second_element(items)` that returns the second element of the list "
            "items. If the list has fewer than two elements, it returns None."
        ),
        reference="""\
def second_element(items):
    if len(items) < 2:
        return None
    return items[1]
""",
        calls=("[1, 2, 3]", "[1, 2]", "[1]", "[]", "['a', 'b', 'c']", "[0, 0]", "[9, -9, 9]"),
        wrong=(("[5, 6, 7]", "7"),),
    ),
    Task(
        name="is_vowel",
        signature="is_vowel(char)",
        question=(
            "Write a function `is_vowel(char)` that returns True if the string char, which is "
            "exactly one character long, is a vowel (a, e, i, o or u, in upper or lower case), "
            "and False otherwise."
        ),
        reference="""\
def is_vowel(char):
    return char in "aeiouAEIOU"
""",
        calls=("'a'", "'b'", "'E'", "'Z'", "'u'", "'y'", "' '", "'o'"),
        wrong=(("'I'", "False"),),
    ),
    Task(
        name="half_rounded_down",
        signature="half_rounded_down(n)",
        question=(
            "Write a function `half_rounded_down(n)` that returns half of the integer n, rounded "
            "down to an integer. n is zero or positive."
        ),
        reference="""\
def half_rounded_down(n):
    return n // 2
""",
        calls=("4", "5", "0", "1", "2", "99", "100", "3"),
        wrong=(("7", "4"),),
    ),
    Task(
        name="dollars_to_cents",
        signature="dollars_to_cents(dollars)",
        question=(
            "Write a function `dollars_to_cents(dollars)` that returns how many cents the given "
            "whole number of dollars is worth. One dollar is 100 cents."
        ),
        reference="""\
def dollars_to_cents(dollars):
    return dollars * 100
""",
        calls=("1", "0", "5", "12", "100", "99", "3"),
        wrong=(("7", "70"), ("20", "200")),
    ),
    Task(
        name="unique_count",
        signature="unique_count(items)",
        question=(
            "Write a function `unique_count(items)` that returns how many different values there "
            "are in the list items."
        ),
        reference="""\
def unique_count(items):
    return len(set(items))
""",
        calls=(
            "[1, 2, 3]",
            "[1, 1, 1]",
            "[]",
            "['a', 'b', 'a']",
            "[0, 0, 1]",
            "['A', 'a']",
            "[5]",
            "[-1, 1, -1, 1]",
        ),
        wrong=(("[2, 3, 2]", "3"), ("[4, 4, 5]", "1")),
    ),
    Task(
        name="get_price",
        signature="get_price(prices, item)",
        question=(
            "Write a function `get_price(prices, item)` that returns the number that the "
            "dictionary prices holds for the key item. If the key is not in the dictionary, it "
            "returns 0."
        ),
        reference="""\
def get_price(prices, item):
    return prices.get(item, 0)
""",
        calls=(
            "{'apple': 3}, 'apple'",
            "{'apple': 3}, 'pear'",
            "{}, 'x'",
            "{'a': 1, 'b': 2}, 'b'",
            "{'a': 0}, 'a'",
            "{'Tea': 5}, 'tea'",
            "{'x': 10, 'y': 20}, 'x'",
        ),
        wrong=(("{'milk': 2}, 'bread'", "None"),),
    ),
    Task(
        name="insert_dashes",
        signature="insert_dashes(text)",
        question=(
            "Write a function `insert_dashes(text)` that returns the characters of the string "
            "text with one dash between each two neighbours, and none at the beginning or end."
        ),
        reference="""\
def insert_dashes(text):
    return "-".join(text)
""",
        calls=("'abc'", "'a'", "''", "'hi'", "'2024'", "'a b'", "'Hello'"),
        wrong=(("'xyz'", "'x-y-z-'"), ("'dog'", "'-d-o-g'")),
    ),
    Task(
        name="ends_same",
        signature="ends_same(text)",
        question=(
            "Write a function `ends_same(text)` that returns True if the first and the last "
            "character of the string text are equal and False otherwise. text has at least one "
            "character, and upper and lower case letters are different."
        ),
        reference="""\
def ends_same(text):
    return text[0] == text[-1]
""",
        calls=("'abca'", "'abc'", "'a'", "'hello'", "'Anna'", "'noon'", "'x y z'", "'101'"),
        wrong=(("'Bob'", "True"),),
    ),
    Task(
        name="repeat_element",
        signature="repeat_element(value, n)",
        question=(
            "Write a function `repeat_element(value, n)` that returns a list that contains the "
            "given value n times. For n equal to 0 it returns an empty list."
        ),
        reference="""\
def repeat_element(value, n):
    return [value] * n
""",
        calls=("1, 3", "'a', 2", "0, 0", "5, 1", "None, 2", "'ab', 3", "True, 4"),
        wrong=(("7, 2", "[7, 7, 7]"), ("'x', 3", "'xxx'")),
    ),
    Task(
        name="wrap_in_brackets",
        signature="wrap_in_brackets(text)",
        question=(
            "Write a function `wrap_in_brackets(text)` that returns the string text with an "
            "opening square bracket in front of it and a closing square bracket after it."
        ),
        reference="""\
def wrap_in_brackets(text):
    return "[" + text + "]"
""",
        calls=("'a'", "''", "'hello'", "'two words'", "'1'", "' '", "'[x]'"),
        wrong=(("'ok'", "'(ok)'"), ("'no'", "['no']")),
    ),
    Task(
        name="split_words",
        signature="split_words(text)",
        question=(
            "Write a function `split_words(text)` that returns the list of the words in the "
            "string text. Words are separated by one or more spaces. The empty string gives an "
            "empty list."
        ),
        reference="""\
def split_words(text):
    return text.split()
""",
        calls=(
            "'hello world'",
            "''",
            "'one'",
            "'a b c'",
            "'  padded '",
            "'two  spaces'",
            "'Hi, you'",
        ),
        wrong=(
            ("'go  home'", "['go', '', 'home']"),
            ("' up'", "['', 'up']"),
            ("'a, b'", "['a', 'b']"),
        ),
    ),
    Task(
        name="first_n_elements",
        signature="first_n_elements(items, n)",
        question=(
            "Write a function `first_n_elements(items, n)` that returns a new list with the first "
            "n elements of the list items. If the list has fewer than n elements, it returns all "
            "of them. n is zero or positive."
        ),
        reference="""\
def first_n_elements(items, n):
    return items[:n]
""",
        calls=(
            "[1, 2, 3], 2",
            "[1, 2, 3], 0",
            "[1, 2], 5",
            "[], 3",
            "['a', 'b'], 1",
            "[5, 5, 5], 3",
            "[9, 8, 7, 6], 3",
        ),
        wrong=(("[4, 5, 6], 1", "[4, 5]"),),
    ),
    Task(
        name="is_longer_than",
        signature="is_longer_than(text, n)",
        question=(
            "Write a function `is_longer_than(text, n)` that returns True if the string text has "
            "more than n characters and False otherwise."
        ),
        reference="""\
def is_longer_than(text, n):
    return len(text) > n
""",
        calls=("'hello', 3", "'hello', 5", "'', 0", "'a', 0", "'abc', 10", "'a b', 2", "'word', 4"),
        wrong=(("'cat', 3", "True"), ("'x y z', 4", "False")),
    ),
    Task(
        name="ends_in_zero",
        signature="ends_in_zero(n)",
        question=(
            "Write a function `ends_in_zero(n)` that returns True if the last decimal digit of "
            "the integer n is 0 and False otherwise. n is zero or positive."
        ),
        reference="""\
def ends_in_zero(n):
    return n % 10 == 0
""",
        calls=("10", "5", "0", "101", "1000", "99", "30", "7"),
        wrong=(("205", "True"),),
    ),
    Task(
        name="total_price",
        signature="total_price(price, quantity, shipping)",
        question=(
            "Write a function `total_price(price, quantity, shipping)` that returns the price of "
            "one item times the quantity, plus the shipping cost once."
        ),
        reference="""\
def total_price(price, quantity, shipping):
    return price * quantity + shipping
""",
        calls=("10, 2, 5", "1, 1, 0", "5, 0, 3", "0, 10, 4", "2.5, 2, 1", "7, 3, 0", "100, 1, 20"),
        wrong=(("4, 3, 2", "20"), ("6, 2, 1", "9")),
    ),
    Task(
        name="sum_first_last",
        signature="sum_first_last(numbers)",
        question=(
            "Write a function `sum_first_last(numbers)` that returns the sum of the first and the "
            "last number of the list numbers. The list has at least one number; if it has exactly "
            "one, that number counts twice."
        ),
        reference="""\
def sum_first_last(numbers):
    return numbers[0] + numbers[-1]
""",
        calls=("[1, 2, 3]", "[5]", "[1, 1]", "[-1, 4, 1]", "[0, 9, 9, 0]", "[10, 20]", "[-2, -3]"),
        wrong=(("[4]", "4"), ("[2, 5, 7]", "14")),
    ),
    Task(
        name="equal_ignoring_case",
        signature="equal_ignoring_case(a, b)",
        question=(
            "Write a function `equal_ignoring_case(a, b)` that returns True if the strings a and "
            "b are equal when upper and lower case letters are treated as the same, and False "
            "otherwise."
        ),
        reference="""\
def equal_ignoring_case(a, b):
    return a.lower() == b.lower()
""",
        calls=(
            "'abc', 'ABC'",
            "'abc', 'abd'",
            "'', ''",
            "'Hello', 'hello'",
            "'a', 'a '",
            "'X', 'x'",
            "'one', 'One!'",
        ),
        wrong=(("'Dog', 'dOG'", "False"), ("'cat', 'Cats'", "True")),
    ),
    Task(
        name="string_to_int",
        signature="string_to_int(text)",
        question=(
            "Write a function `string_to_int(text)` that returns the integer that the string text "
            "stands for. The text is made of decimal digits, perhaps with a minus sign in front."
        ),
        reference="""\
def string_to_int(text):
    return int(text)
""",
        calls=("'5'", "'0'", "'-3'", "'123'", "'007'", "'1000'", "'-45'"),
        wrong=(("'42'", "'42'"),),
    ),
    Task(
        name="is_single_digit",
        signature="is_single_digit(n)",
        question=(
            "Write a function `is_single_digit(n)` that returns True if the integer n is from 0 "
            "to 9, both included, and False otherwise."
        ),
        reference="""\
def is_single_digit(n):
    return 0 <= n <= 9
""",
        calls=("5", "0", "9", "10", "-1", "-5", "100", "1"),
        wrong=(("-3", "True"), ("8", "False")),
    ),
    Task(
        name="product_list",
        signature="product_list(numbers)",
        question=(
            "Write a function `product_list(numbers)` that returns the product of a list of "
            "numbers. The product of an empty list is 1."
        ),
        reference="""\
def product_list(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result
""",
        calls=(
            "[1, 2, 3]",
            "[]",
            "[5]",
            "[-1, 2]",
            "[0, 9, 9]",
            "[2, 2, 2, 2]",
            "[-3, -3]",
            "[10, 10]",
        ),
        wrong=(("[2, 3, 4]", "9"), ("[4, 0]", "4"), ("[-1, -2, -3]", "6")),
    ),
    Task(
        name="double_each",
        signature="double_each(numbers)",
        question=(
            "Write a function `double_each(numbers)` that returns a new list with each number of "
            "the list numbers multiplied by two, in the same order."
        ),
        reference="""\
def double_each(numbers):
    return [number * 2 for number in numbers]
""",
        calls=("[1, 2, 3]", "[]", "[0]", "[-1, -2]", "[5, 5]", "[10, 0, -10]", "[0.5]"),
        wrong=(("[3, 4]", "[3, 4, 3, 4]"),),
    ),
    Task(
        name="filter_positive",
        signature="filter_positive(numbers)",
        question=(
            "Write a function `filter_positive(numbers)` that returns a new list with only the "
            "numbers of the list numbers that are greater than zero, in the same order."
        ),
        reference="""\
def filter_positive(numbers):
    return [number for number in numbers if number > 0]
""",
        calls=(
            "[1, -1, 2]",
            "[]",
            "[-1, -2]",
            "[0, 1]",
            "[3, 2, 1]",
            "[0]",
            "[5, 5, -5]",
            "[-1, 0, 7]",
        ),
        wrong=(("[0, 4]", "[0, 4]"), ("[6, -2, 3]", "[3, 6]")),
    ),
    Task(
        name="sum_of_squares",
        signature="sum_of_squares(numbers)",
        question=(
            "Write a function `sum_of_squares(numbers)` that returns the sum of the squares of "
            "the numbers in the list numbers. For an empty list it returns 0."
        ),
        reference="""\
def sum_of_squares(numbers):
    return sum(number * number for number in numbers)
""",
        calls=("[1, 2, 3]", "[]", "[5]", "[-1, 1]", "[0, 0]", "[3, 4]", "[-2, -2]", "[10]"),
        wrong=(("[2, 3]", "25"), ("[-3, 1]", "-8")),
    ),
    Task(
        name="longest_word",
        signature="longest_word(words)",
        question=(
            "Write a function `longest_word(words)` that returns the longest string in the list "
            "words. If several are equally long, it returns the first of them. If the list is "
            "empty, it returns the empty string."
        ),
        reference="""\
def longest_word(words):
    if not words:
        return ""
    return max(words, key=len)
""",
        calls=(
            "['fig', 'apple', 'pear']",
            "[]",
            "['one']",
            "['cat', 'dog']",
            "['a', 'bb', 'cc']",
            "['', 'x']",
            "['zoo', 'area']",
        ),
        wrong=(
            ("['sun', 'sky', 'at']", "'sky'"),
            ("['red', 'green', 'blue']", "'red'"),
            ("['aa', 'b', 'cc']", "'cc'"),
        ),
    ),
    Task(
        name="find_duplicates",
        signature="find_duplicates(items)",
        question=(
            "Write a function `find_duplicates(items)` that returns a list of the values that "
            "occur more than once in the list items. Each such value is listed once, in the order "
            "in which the values first occur in items."
        ),
        reference="""\
def find_duplicates(items):
    result = []
    for item in items:
        if items.count(item) > 1 and item not in result:
            result.append(item)
    return result
""",
        calls=(
            "[1, 2, 1]",
            "[1, 2, 3]",
            "[]",
            "[2, 2, 2]",
            "[1, 2, 2, 1]",
            "['a', 'b', 'a']",
            "['A', 'a']",
            "[5, 6, 6, 7, 7]",
        ),
        wrong=(("[4, 4, 4, 1]", "[4, 4]"), ("[3, 8, 8, 3]", "[8, 3]")),
    ),
    Task(
        name="sum_to_n",
        signature="sum_to_n(n)",
        question=(
            "Write a function `sum_to_n(n)` that returns the sum of all integers from 1 to n, "
            "both included. If n is 0, it returns 0. n is zero or positive."
        ),
        reference="""\
def sum_to_n(n):
    return n * (n + 1) // 2
""",
        calls=("1", "0", "2", "3", "10", "100", "5"),
        wrong=(("4", "6"), ("6", "15")),
    ),
    Task(
        name="count_consonants",
        signature="count_consonants(text)",
        question=(
            "Write a function `count_consonants(text)` that returns how many characters of the "
            "string text are English letters but not vowels (a, e, i, o or u). Upper and lower "
            "case letters both count."
        ),
        reference="""\
def count_consonants(text):
    return sum(1 for char in text.lower() if char in "bcdfghjklmnpqrstvwxyz")
""",
        calls=("'hello'", "''", "'aeiou'", "'XYZ'", "'a b c'", "'Python'", "'123'", "'Apple'"),
        wrong=(("'b-d'", "3"), ("'Tree'", "1"), ("'YES'", "0")),
    ),
    Task(
        name="count_negative",
        signature="count_negative(numbers)",
        question=(
            "Write a function `count_negative(numbers)` that returns how many numbers in the list "
            "numbers are less than zero."
        ),
        reference="""\
def count_negative(numbers):
    return sum(1 for number in numbers if number < 0)
""",
        calls=(
            "[1, -1, 2]",
            "[]",
            "[-1, -2, -3]",
            "[0]",
            "[5, 6]",
            "[0, -1]",
            "[-4, -4]",
            "[-0.5, 3]",
        ),
        wrong=(("[0, 0, -2]", "3"),),
    ),
    Task(
        name="sum_of_positive",
        signature="sum_of_positive(numbers)",
        question=(
            "Write a function `sum_of_positive(numbers)` that returns the sum of the numbers in "
            "the list numbers that are greater than zero. If there are none, it returns 0."
        ),
        reference="""\
def sum_of_positive(numbers):
    return sum(number for number in numbers if number > 0)
""",
        calls=("[1, -1, 2]", "[]", "[-1, -2]", "[5]", "[0, 3]", "[10, -20, 5]", "[2, 2, 2]"),
        wrong=(("[4, -3]", "1"), ("[6, 7, -1]", "2")),
    ),
    Task(
        name="last_index",
        signature="last_index(items, value)",
        question=(
            "Write a function `last_index(items, value)` that returns the index of the last "
            "element of the list items that is equal to value. Indexes start at 0. If there is no "
            "such element, it returns -1."
        ),
        reference="""\
def last_index(items, value):
    result = -1
    for index, item in enumerate(items):
        if item == value:
            result = index
    return result
""",
        calls=(
            "[1, 2, 1], 1",
            "[1, 2, 3], 4",
            "[], 1",
            "[5], 5",
            "[5, 5, 5], 5",
            "['a', 'b', 'a', 'c'], 'a'",
            "[0, 1], 0",
        ),
        wrong=(("[3, 4, 3], 3", "0"), ("[7, 8], 8", "2")),
    ),
    Task(
        name="initials",
        signature="initials(name)",
        question=(
            "Write a function `initials(name)` that returns the first letters of the words in the "
            "string name, in upper case and joined without anything between them. Words are "
            "separated by spaces."
        ),
        reference="""\
def initials(name):
    return "".join(word[0].upper() for word in name.split())
""",
        calls=(
            "'Ada Lovelace'",
            "'alan turing'",
            "'cher'",
            "''",
            "'John Ronald Reuel Tolkien'",
            "'x y'",
            "'mary Ann lee'",
        ),
        wrong=(("'grace hopper'", "'gh'"),),
    ),
    Task(
        name="invert_dict",
        signature="invert_dict(mapping)",
        question=(
            "Write a function `invert_dict(mapping)` that returns a new dictionary in which the "
            "keys and values of the dictionary mapping are exchanged. All values are different."
        ),
        reference="""\
def invert_dict(mapping):
    return {value: key for key, value in mapping.items()}
""",
        calls=(
            "{'a': 1}",
            "{}",
            "{'a': 1, 'b': 2}",
            "{1: 'x', 2: 'y'}",
            "{'k': 'k'}",
            "{'x': 0, 'y': -1}",
            "{3: 4, 4: 3}",
        ),
        wrong=(("{'p': 5, 'q': 6}", "{5: 'q', 6: 'p'}"), ("{'m': 'n'}", "{'m': 'n'}")),
    ),
    Task(
        name="word_frequency",
        signature="word_frequency(text)",
        question=(
            "Write a function `word_frequency(text)` that returns a dictionary that maps each "
            "word of the string text to the number of times it occurs. Words are separated by "
            "spaces, and upper and lower case letters are different."
        ),
        reference="""\
def word_frequency(text):
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts
""",
        calls=("'a b a'", "''", "'one'", "'the cat the dog'", "'Hi hi'", "'x x x'", "'go  go'"),
        wrong=(
            ("'Yes yes'", "{'yes': 2}"),
            ("'to be to'", "{'to': 1, 'be': 1}"),
            ("'a b'", "{'a': 2}"),
        ),
    ),
    Task(
        name="sum_digits",
        signature="sum_digits(n)",
        question=(
            "Write a function `sum_digits(n)` that returns the sum of the decimal digits of the "
            "integer n, which is zero or positive."
        ),
        reference="""\
def sum_digits(n):
    return sum(int(digit) for digit in str(n))
""",
        calls=("123", "0", "5", "10", "999", "1001", "47", "20"),
        wrong=(("78", "16"),),
    ),
    Task(
        name="reverse_each_word",
        signature="reverse_each_word(text)",
        question=(
            "Write a function `reverse_each_word(text)` that returns a string in which each word "
            "of the string text is written backwards. The order of the words stays the same, and "
            "they are joined by single spaces."
        ),
        reference="""\
def reverse_each_word(text):
    return " ".join(word[::-1] for word in text.split())
""",
        calls=(
            "'hello world'",
            "''",
            "'abc'",
            "'a b'",
            "'level up'",
            "'Hi You'",
            "'one two three'",
        ),
        wrong=(("'big dog'", "'god gib'"), ("'My cat'", "'yM cat'")),
    ),
    Task(
        name="replace_vowels",
        signature="replace_vowels(text)",
        question=(
            "Write a function `replace_vowels(text)` that returns the string text with every "
            "vowel (a, e, i, o and u, in upper or lower case) replaced by a star (*)."
        ),
        reference="""\
def replace_vowels(text):
    return "".join("*" if char.lower() in "aeiou" else char for char in text)
""",
        calls=("'hello'", "''", "'xyz'", "'AEIOU'", "'Apple pie'", "'Python'", "'queue'", "'I am'"),
        wrong=(("'Under'", "'Und*r'"), ("'cake'", "'c*ke'")),
    ),
    Task(
        name="dot_product",
        signature="dot_product(a, b)",
        question=(
            "Write a function `dot_product(a, b)` that returns the sum of the products of the "
            "numbers at the same positions of the two lists a and b. The lists have the same "
            "length, and for empty lists it returns 0."
        ),
        reference="""\
def dot_product(a, b):
    return sum(x * y for x, y in zip(a, b))
""",
        calls=(
            "[1, 2], [3, 4]",
            "[], []",
            "[5], [5]",
            "[1, 0], [0, 1]",
            "[-1, 2], [3, 4]",
            "[1, 2, 3], [1, 2, 3]",
            "[2, 2], [-1, -1]",
        ),
        wrong=(("[2, 3], [4, 5]", "[8, 15]"),),
    ),
    Task(
        name="larger_of_each",
        signature="larger_of_each(a, b)",
        question=(
            "Write a function `larger_of_each(a, b)` that returns a new list with the larger of "
            "the two numbers at each position of the lists a and b. The lists have the same "
            "length."
        ),
        reference="""\
def larger_of_each(a, b):
    return [max(x, y) for x, y in zip(a, b)]
""",
        calls=(
            "[1, 5], [3, 2]",
            "[], []",
            "[4], [4]",
            "[-1, -2], [-3, 0]",
            "[1, 2, 3], [3, 2, 1]",
            "[0, 0], [1, -1]",
            "[9, 8], [7, 6]",
        ),
        wrong=(("[2, 6], [4, 1]", "[6, 4]"), ("[-5, 3], [-2, 3]", "[-5, 3]")),
    ),
    Task(
        name="list_difference",
        signature="list_difference(a, b)",
        question=(
            "Write a function `list_difference(a, b)` that returns a new list with the elements "
            "of the list a that are not in the list b, in the order of a. An element that occurs "
            "several times in a is kept each time."
        ),
        reference="""\
def list_difference(a, b):
    return [item for item in a if item not in b]
""",
        calls=(
            "[1, 2, 3], [2]",
            "[1, 2], [1, 2]",
            "[], [1]",
            "[1, 2], []",
            "[3, 3, 1], [1]",
            "['a', 'b'], ['c', 'a']",
            "[5, 6, 5], [7]",
        ),
        wrong=(("[4, 4, 2], [2]", "[4]"), ("[1, 2], [2, 3]", "[1, 3]")),
    ),
    Task(
        name="any_negative",
        signature="any_negative(numbers)",
        question=(
            "Write a function `any_negative(numbers)` that returns True if at least one number in "
            "the list numbers is less than zero and False otherwise. For an empty list it returns "
            "False."
        ),
        reference="""\
def any_negative(numbers):
    return any(number < 0 for number in numbers)
""",
        calls=("[1, -1]", "[1, 2]", "[]", "[0]", "[-5]", "[0, 0, -1]", "[3, 2, 1]", "[-1, -2]"),
        wrong=(("[0, 4]", "True"),),
    ),
    Task(
        name="all_even",
        signature="all_even(numbers)",
        question=(
            "Write a function `all_even(numbers)` that returns True if every integer in the list "
            "numbers is even and False otherwise. For an empty list it returns True."
        ),
        reference="""\
def all_even(numbers):
    return all(number % 2 == 0 for number in numbers)
""",
        calls=("[2, 4]", "[1, 2]", "[]", "[0]", "[2, 3]", "[-2, -4]", "[1, 3]", "[8]"),
        wrong=(("[4, 6, 7]", "True"), ("[0, 10]", "False")),
    ),
    Task(
        name="letter_grade",
        signature="letter_grade(score)",
        question=(
            "Write a function `letter_grade(score)` that returns 'A' if the integer score is 90 "
            "or more, 'B' if it is from 80 to 89, 'C' if it is from 70 to 79, and 'F' if it is "
            "less than 70."
        ),
        reference="""\
def letter_grade(score):
    if score >= 90:
        return "A"
    if score >= 80:
        return "B"
    if score >= 70:
        return "C"
    return "F"
""",
        calls=("95", "90", "89", "80", "75", "70", "69", "0", "100"),
        wrong=(("79", "'B'"), ("65", "'D'"), ("88", "'A'")),
    ),
    Task(
        name="number_sign",
        signature="number_sign(n)",
        question=(
            "Write a function `number_sign(n)` that returns 1 if the number n is positive, -1 if "
            "it is negative and 0 if it is zero."
        ),
        reference="""\
def number_sign(n):
    if n > 0:
        return 1
    if n < 0:
        return -1
    return 0
""",
        calls=("5", "-5", "0", "1", "-1", "0.5", "-100"),
        wrong=(("8", "8"), ("-2", "0")),
    ),
    Task(
        name="word_lengths",
        signature="word_lengths(words)",
        question=(
            "Write a function `word_lengths(words)` that returns a list with the length of each "
            "string in the list words, in the same order."
        ),
        reference="""\
def word_lengths(words):
    return [len(word) for word in words]
""",
        calls=(
            "['a', 'bb']",
            "[]",
            "['']",
            "['hello']",
            "['x', 'x']",
            "['a b', 'c']",
            "['one', 'three', 'five']",
        ),
        wrong=(("['cat', 'mouse']", "8"),),
    ),
    Task(
        name="index_of_max",
        signature="index_of_max(numbers)",
        question=(
            "Write a function `index_of_max(numbers)` that returns the index of the largest "
            "number in the list numbers. Indexes start at 0. If it occurs several times, it "
            "returns the index of the first one. The list is not empty."
        ),
        reference="""\
def index_of_max(numbers):
    return numbers.index(max(numbers))
""",
        calls=(
            "[1, 2, 3]",
            "[3, 2, 1]",
            "[5]",
            "[1, 9, 9]",
            "[-3, -1, -2]",
            "[0, 0]",
            "[4, 10, 6, 2]",
        ),
        wrong=(("[2, 7, 7]", "2"), ("[8, 1]", "8"), ("[4, 5]", "5")),
    ),
    Task(
        name="count_uppercase",
        signature="count_uppercase(text)",
        question=(
            "Write a function `count_uppercase(text)` that returns how many characters of the "
            "string text are upper case letters."
        ),
        reference="""\
def count_uppercase(text):
    return sum(1 for char in text if char.isupper())
""",
        calls=("'Hello'", "''", "'abc'", "'ABC'", "'A1B2'", "'Hello World'", "'!?'", "'aBcDe'"),
        wrong=(("'OK go'", "1"), ("'NY 10'", "4")),
    ),
    Task(
        name="remove_digits",
        signature="remove_digits(text)",
        question=(
            "Write a function `remove_digits(text)` that returns the string text without the "
            "digits 0 to 9."
        ),
        reference="""\
def remove_digits(text):
    return "".join(char for char in text if char not in "0123456789")
""",
        calls=("'a1b2'", "''", "'abc'", "'123'", "'room 12'", "'2nd'", "'x-0-y'"),
        wrong=(("'7up'", "'7'"), ("'v10'", "'v0'")),
    ),
    Task(
        name="every_other",
        signature="every_other(items)",
        question=(
            "Write a function `every_other(items)` that returns a new list with every second "
            "element of the list items, starting with the first one."
        ),
        reference="""\
def every_other(items):
    return items[::2]
""",
        calls=(
            "[1, 2, 3, 4]",
            "[1, 2, 3]",
            "[]",
            "[1]",
            "['a', 'b', 'c']",
            "[0, 0, 1, 1]",
            "[9, 8]",
        ),
        wrong=(("[5, 6, 7, 8]", "[6, 8]"),),
    ),
    Task(
        name="clamp",
        signature="clamp(n, low, high)",
        question=(
            "Write a function `clamp(n, low, high)` that returns low if the number n is less than "
            "low, high if n is greater than high, and otherwise n. low is not greater than high."
        ),
        reference="""\
def clamp(n, low, high):
    return max(low, min(n, high))
""",
        calls=(
            "5, 0, 10",
            "-5, 0, 10",
            "15, 0, 10",
            "0, 0, 10",
            "10, 0, 10",
            "-3, -5, -1",
            "7, 3, 3",
        ),
        wrong=(("12, 1, 6", "12"), ("-8, -4, 4", "4"), ("6, 0, 6", "5")),
    ),
    Task(
        name="divisors",
        signature="divisors(n)",
        question=(
            "Write a function `divisors(n)` that returns the list of all positive divisors of the "
            "positive integer n in increasing order, including 1 and n."
        ),
        reference="""\
def divisors(n):
    return [i for i in range(1, n + 1) if n % i == 0]
""",
        calls=("1", "2", "6", "7", "12", "9", "10", "16"),
        wrong=(("8", "[2, 4]"), ("4", "[1, 2, 2, 4]"), ("15", "[1, 3, 5]")),
    ),
    Task(
        name="double_characters",
        signature="double_characters(text)",
        question=(
            "Write a function `double_characters(text)` that returns a string in which every "
            "character of the string text is written twice in a row."
        ),
        reference="""\
def double_characters(text):
    return "".join(char * 2 for char in text)
""",
        calls=("'abc'", "''", "'a'", "'aa'", "'Hi'", "'a b'", "'12'"),
        wrong=(("'xy'", "'xyxy'"), ("'cat'", "'ccaat'")),
    ),
    Task(
        name="remove_value",
        signature="remove_value(items, value)",
        question=(
            "Write a function `remove_value(items, value)` that returns a new list with the "
            "elements of the list items that are not equal to value, in the same order. Every "
            "occurrence of value is removed."
        ),
        reference="""\
def remove_value(items, value):
    return [item for item in items if item != value]
""",
        calls=(
            "[1, 2, 1], 1",
            "[1, 2], 3",
            "[], 1",
            "[5, 5], 5",
            "['a', 'b'], 'a'",
            "[0, 1, 0, 2], 0",
            "['A', 'a'], 'a'",
        ),
        wrong=(("[3, 4, 3], 3", "[4, 3]"), ("[8, 9], 9", "[9]")),
    ),
    Task(
        name="add_to_each",
        signature="add_to_each(numbers, amount)",
        question=(
            "Write a function `add_to_each(numbers, amount)` that returns a new list with the "
            "given amount added to each number of the list numbers, in the same order."
        ),
        reference="""\
def add_to_each(numbers, amount):
    return [number + amount for number in numbers]
""",
        calls=(
            "[1, 2, 3], 1",
            "[], 5",
            "[0], 0",
            "[-1, 1], -1",
            "[5, 5], 10",
            "[10], -10",
            "[3, 2, 1], 100",
        ),
        wrong=(("[4, 6], 2", "[4, 6, 2]"),),
    ),
    Task(
        name="min_and_max",
        signature="min_and_max(numbers)",
        question=(
            "Write a function `min_and_max(numbers)` that returns a tuple with the smallest and "
            "the largest number of the list numbers, the smallest first. The list is not empty."
        ),
        reference="""\
def min_and_max(numbers):
    return (min(numbers), max(numbers))
""",
        calls=("[1, 2, 3]", "[5]", "[3, 1, 2]", "[-1, -5]", "[2, 2]", "[0, 10, -10]", "[7, 6]"),
        wrong=(("[9, 4]", "(9, 4)"), ("[1, 8, 3]", "(1, 3)")),
    ),
    Task(
        name="nested_sum",
        signature="nested_sum(lists)",
        question=(
            "Write a function `nested_sum(lists)` that returns the sum of all numbers in a list "
            "of lists of numbers. If there are no numbers, it returns 0."
        ),
        reference="""\
def nested_sum(lists):
    return sum(sum(inner) for inner in lists)
""",
        calls=(
            "[[1, 2], [3]]",
            "[]",
            "[[]]",
            "[[5]]",
            "[[-1], [1]]",
            "[[1, 1], [], [2, 2]]",
            "[[10, 20], [30, 40]]",
        ),
        wrong=(("[[2], [3, 4]]", "[2, 7]"), ("[[6, 1], [1]]", "7")),
    ),
    Task(
        name="count_long_words",
        signature="count_long_words(text, n)",
        question=(
            "Write a function `count_long_words(text, n)` that returns how many words of the "
            "string text have more than n characters. Words are separated by spaces."
        ),
        reference="""\
def count_long_words(text, n):
    return sum(1 for word in text.split() if len(word) > n)
""",
        calls=(
            "'a bb ccc', 1",
            "'', 0",
            "'one two', 3",
            "'hello world', 4",
            "'x', 0",
            "'the quick fox', 3",
            "'go go go', 1",
        ),
        wrong=(("'red blue', 4", "1"), ("'an apple a day', 2", "3")),
    ),
    Task(
        name="count_down",
        signature="count_down(n)",
        question=(
            "Write a function `count_down(n)` that returns the list of the integers from n down "
            "to 1, both included. If n is 0, it returns an empty list. n is zero or positive."
        ),
        reference="""\
def count_down(n):
    return list(range(n, 0, -1))
""",
        calls=("3", "1", "0", "5", "2", "10", "7"),
        wrong=(("4", "[4, 3, 2, 1, 0]"), ("6", "[1, 2, 3, 4, 5, 6]")),
    ),
    Task(
        name="max_minus_min",
        signature="max_minus_min(numbers)",
        question=(
            "Write a function `max_minus_min(numbers)` that returns the difference between the "
            "largest and the smallest number in the list numbers. For an empty list it returns 0."
        ),
        reference="""\
def max_minus_min(numbers):
    if not numbers:
        return 0
    return max(numbers) - min(numbers)
""",
        calls=(
            "[1, 2, 3]",
            "[]",
            "[5]",
            "[3, 1]",
            "[-1, 1]",
            "[-5, -2]",
            "[4, 4, 4]",
            "[10, 0, 7]",
        ),
        wrong=(("[9, 2, 6]", "3"),),
    ),
    Task(
        name="fahrenheit_to_celsius",
        signature="fahrenheit_to_celsius(fahrenheit)",
        question=(
            "Write a function `fahrenheit_to_celsius(fahrenheit)` that converts a temperature "
            "from degrees Fahrenheit to degrees Celsius (minus 32, times 5, divided by 9) and "
            "returns it rounded to one decimal place with round."
        ),
        reference="""\
def fahrenheit_to_celsius(fahrenheit):
    return round((fahrenheit - 32) * 5 / 9, 1)
""",
        calls=("32", "212", "-40", "98.6", "50", "0", "70", "100"),
        wrong=(("41", "9.0"), ("75", "24")),
    ),
    Task(
        name="remove_none",
        signature="remove_none(items)",
        question=(
            "Write a function `remove_none(items)` that returns a new list with the elements of "
            "the list items that are not None, in the same order. Other values such as 0 and the "
            "empty string are kept."
        ),
        reference="""\
def remove_none(items):
    return [item for item in items if item is not None]
""",
        calls=(
            "[1, None, 2]",
            "[]",
            "[None]",
            "[0, None]",
            "['', None, 'a']",
            "[None, None, 3]",
            "[1, 2]",
            "[False, None]",
        ),
        wrong=(("[None, 0, 5]", "[5]"), ("[4, None]", "[4, None]"), ("['', None]", "[]")),
    ),
    Task(
        name="sum_of_values",
        signature="sum_of_values(mapping)",
        question=(
            "Write a function `sum_of_values(mapping)` that returns the sum of the values in a "
            "dictionary whose values are numbers. For an empty dictionary it returns 0."
        ),
        reference="""\
def sum_of_values(mapping):
    return sum(mapping.values())
""",
        calls=(
            "{'a': 1}",
            "{}",
            "{'a': 1, 'b': 2}",
            "{'x': -1, 'y': 1}",
            "{'x': 5, 'y': 5}",
            "{1: 10, 2: 20}",
            "{'z': 0}",
        ),
        wrong=(("{3: 4, 5: 6}", "8"), ("{'p': 2, 'q': 2}", "2")),
    ),
    Task(
        name="capitalize_words",
        signature="capitalize_words(text)",
        question=(
            "Write a function `capitalize_words(text)` that returns a string in which each word "
            "of the string text has its first letter in upper case and its other letters "
            "unchanged. The words are separated by single spaces in text and in the result."
        ),
        reference="""\
def capitalize_words(text):
    return " ".join(word[0].upper() + word[1:] for word in text.split())
""",
        calls=(
            "'hello world'",
            "''",
            "'a'",
            "'Already Done'",
            "'mIXED case'",
            "'one two three'",
            "'2nd place'",
        ),
        wrong=(("'my iPad'", "'My Ipad'"), ("'good day'", "'Good day'"), ("'to BE'", "'To Be'")),
    ),
    Task(
        name="contains_digit",
        signature="contains_digit(text)",
        question=(
            "Write a function `contains_digit(text)` that returns True if the string text "
            "contains at least one of the digits 0 to 9 and False otherwise."
        ),
        reference="""\
def contains_digit(text):
    return any(char in "0123456789" for char in text)
""",
        calls=("'abc1'", "'abc'", "''", "'0'", "'a b'", "'7 days'", "'three'", "'!?'"),
        wrong=(("'x9y'", "False"),),
    ),
    Task(
        name="sum_range",
        signature="sum_range(a, b)",
        question=(
            "Write a function `sum_range(a, b)` that returns the sum of all integers from a to b, "
            "both included. If a is greater than b, it returns 0."
        ),
        reference="""\
def sum_range(a, b):
    return sum(range(a, b + 1))
""",
        calls=("1, 3", "5, 5", "3, 1", "0, 10", "-2, 2", "-3, -1", "1, 100"),
        wrong=(("2, 5", "9"), ("7, 6", "13")),
    ),
    Task(
        name="greatest_common_divisor",
        signature="greatest_common_divisor(a, b)",
        question=(
            "Write a function `greatest_common_divisor(a, b)` that returns the greatest common "
            "divisor of the two positive integers a and b, the largest integer that divides both."
        ),
        reference="""\
def greatest_common_divisor(a, b):
    while b:
        a, b = b, a % b
    return a
""",
        calls=("12, 8", "7, 3", "5, 5", "1, 9", "100, 75", "8, 12", "17, 34", "48, 36"),
        wrong=(("18, 24", "3"), ("9, 4", "36"), ("13, 26", "1")),
    ),
    Task(
        name="least_common_multiple",
        signature="least_common_multiple(a, b)",
        question=(
            "Write a function `least_common_multiple(a, b)` that returns the least common "
            "multiple of the two positive integers a and b, the smallest positive integer that "
            "both divide."
        ),
        reference="""\
def least_common_multiple(a, b):
    result = max(a, b)
    while result % a != 0 or result % b != 0:
        result += 1
    return result
""",
        calls=("4, 6", "3, 5", "7, 7", "1, 9", "2, 8", "10, 15", "12, 18"),
        wrong=(("6, 8", "48"), ("9, 3", "3")),
    ),
    Task(
        name="primes_up_to",
        signature="primes_up_to(n)",
        question=(
            "Write a function `primes_up_to(n)` that returns the list of all prime numbers that "
            "are at most n, in increasing order. If there are none, it returns an empty list."
        ),
        reference="""\
def primes_up_to(n):
    primes = []
    for i in range(2, n + 1):
        if all(i % prime != 0 for prime in primes):
            primes.append(i)
    return primes
""",
        calls=("10", "1", "2", "3", "0", "20", "11", "4"),
        wrong=(("7", "[2, 3, 5]"), ("9", "[2, 3, 5, 7, 9]"), ("5", "[1, 2, 3, 5]")),
    ),
    Task(
        name="is_balanced",
        signature="is_balanced(text)",
        question=(
            "Write a function `is_balanced(text)` that returns True if the round brackets in the "
            "string text are balanced and False otherwise: every closing bracket has an opening "
            "one before it, and every opening bracket is closed. text contains only the "
            "characters ( and ), or is empty, which is balanced."
        ),
        reference="""\
def is_balanced(text):
    depth = 0
    for char in text:
        depth += 1 if char == "(" else -1
        if depth < 0:
            return False
    return depth == 0
""",
        calls=("'()'", "'('", "')'", "''", "'(())'", "')('", "'()()'", "'(()'", "'())('"),
        wrong=(("'())'", "True"), ("'))(('", "True"), ("'(('", "True")),
    ),
    Task(
        name="rotate_left",
        signature="rotate_left(items, n)",
        question=(
            "Write a function `rotate_left(items, n)` that returns a new list with the elements "
            "of the list items moved n places to the left, where elements that leave at the "
            "beginning come back at the end. n is zero or positive and may be larger than the "
            "length of the list. An empty list gives an empty list."
        ),
        reference="""\
def rotate_left(items, n):
    if not items:
        return []
    n = n % len(items)
    return items[n:] + items[:n]
""",
        calls=(
            "[1, 2, 3], 1",
            "[1, 2, 3], 0",
            "[], 2",
            "[1], 5",
            "[1, 2, 3], 3",
            "[1, 2, 3, 4], 2",
            "[1, 2, 3], 4",
            "['a', 'b'], 1",
        ),
        wrong=(("[5, 6, 7], 1", "[7, 5, 6]"), ("[8, 9], 3", "[8, 9]")),
    ),
    Task(
        name="transpose",
        signature="transpose(rows)",
        question=(
            "Write a function `transpose(rows)` that returns the transposed matrix of a list of "
            "rows, each a list, as a list of lists: its first row is the first column of rows, "
            "and so on. All rows have the same length, and there is at least one row."
        ),
        reference="""\
def transpose(rows):
    return [list(column) for column in zip(*rows)]
""",
        calls=(
            "[[1, 2], [3, 4]]",
            "[[1]]",
            "[[1, 2, 3]]",
            "[[1], [2]]",
            "[[1, 2, 3], [4, 5, 6]]",
            "[['a', 'b'], ['c', 'd']]",
            "[[0, 0], [1, 1], [2, 2]]",
        ),
        wrong=(("[[5, 6], [7, 8]]", "[(5, 7), (6, 8)]"),),
    ),
    Task(
        name="run_length_encode",
        signature="run_length_encode(text)",
        question=(
            "Write a function `run_length_encode(text)` that returns a list of tuples (character, "
            "count), one for each run of equal neighbouring characters in the string text, in "
            "order. The empty string gives an empty list."
        ),
        reference="""\
def run_length_encode(text):
    runs = []
    for char in text:
        if runs and runs[-1][0] == char:
            runs[-1] = (char, runs[-1][1] + 1)
        else:
            runs.append((char, 1))
    return runs
""",
        calls=("'aab'", "''", "'a'", "'abc'", "'aaa'", "'aba'", "'Aa'", "'xxyyy'"),
        wrong=(("'bbab'", "[('b', 3), ('a', 1)]"), ("'zz'", "[('z', 1)]")),
    ),
    Task(
        name="binary_to_number",
        signature="binary_to_number(text)",
        question=(
            "Write a function `binary_to_number(text)` that returns the integer whose binary "
            "digits are the string text. text has at least one character, and all of them are 0 "
            "or 1."
        ),
        reference="""\
def binary_to_number(text):
    result = 0
    for char in text:
        result = result * 2 + int(char)
    return result
""",
        calls=("'0'", "'1'", "'10'", "'101'", "'1111'", "'0011'", "'100000'", "'11'"),
        wrong=(("'110'", "3"), ("'1000'", "16")),
    ),
    Task(
        name="is_power_of_two",
        signature="is_power_of_two(n)",
        question=(
            "Write a function `is_power_of_two(n)` that returns True if the integer n is a power "
            "of two (1, 2, 4, 8 and so on) and False otherwise. Zero and negative numbers are not "
            "powers of two."
        ),
        reference="""\
def is_power_of_two(n):
    power = 1
    while power < n:
        power *= 2
    return power == n
""",
        calls=("1", "2", "3", "8", "0", "-2", "64", "6", "100"),
        wrong=(("12", "True"), ("16", "False"), ("-4", "True")),
    ),
    Task(
        name="missing_number",
        signature="missing_number(numbers)",
        question=(
            "Write a function `missing_number(numbers)` that returns the one integer that is "
            "missing from the list numbers, which contains all the integers from 0 to its length "
            "except one, each once and in any order."
        ),
        reference="""\
def missing_number(numbers):
    n = len(numbers)
    return n * (n + 1) // 2 - sum(numbers)
""",
        calls=("[0, 1, 3]", "[0]", "[1]", "[3, 0, 1]", "[1, 2, 3]", "[0, 1, 2, 3]", "[4, 2, 1, 0]"),
        wrong=(("[0, 2]", "3"),),
    ),
    Task(
        name="largest_adjacent_sum",
        signature="largest_adjacent_sum(numbers)",
        question=(
            "Write a function `largest_adjacent_sum(numbers)` that returns the largest sum of two "
            "neighbouring numbers in the list numbers. The list has at least two numbers."
        ),
        reference="""\
def largest_adjacent_sum(numbers):
    return max(numbers[i] + numbers[i + 1] for i in range(len(numbers) - 1))
""",
        calls=(
            "[1, 2, 3]",
            "[5, 5]",
            "[9, 0, 8]",
            "[-1, -2, -3]",
            "[3, 3, 1, 1]",
            "[0, 0, 0]",
            "[10, -5, 6, 4]",
        ),
        wrong=(("[7, 1, 6]", "13"), ("[-4, -1]", "0"), ("[2, 9, 4]", "11")),
    ),
    Task(
        name="digital_root",
        signature="digital_root(n)",
        question=(
            "Write a function `digital_root(n)` that adds up the decimal digits of the integer n, "
            "does the same with the result, and so on until only one digit is left, and returns "
            "that digit as an integer. n is zero or positive."
        ),
        reference="""\
def digital_root(n):
    while n > 9:
        n = sum(int(digit) for digit in str(n))
    return n
""",
        calls=("38", "0", "9", "10", "999", "12345", "7", "19"),
        wrong=(("77", "14"), ("88", "6")),
    ),
    Task(
        name="prime_factors",
        signature="prime_factors(n)",
        question=(
            "Write a function `prime_factors(n)` that returns the list of the prime factors of "
            "the integer n in increasing order, each as often as it divides n. n is at least 1, "
            "and for 1 it returns an empty list."
        ),
        reference="""\
def prime_factors(n):
    factors = []
    divisor = 2
    while n > 1:
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
        divisor += 1
    return factors
""",
        calls=("12", "1", "2", "7", "8", "30", "49", "100"),
        wrong=(("18", "[2, 3]"), ("20", "[2, 2, 4]"), ("9", "[3]")),
    ),
    Task(
        name="common_prefix",
        signature="common_prefix(a, b)",
        question=(
            "Write a function `common_prefix(a, b)` that returns the longest string with which "
            "both of the strings a and b begin. If they have no beginning in common, it returns "
            "the empty string."
        ),
        reference="""\
def common_prefix(a, b):
    result = ""
    for x, y in zip(a, b):
        if x != y:
            break
        result += x
    return result
""",
        calls=(
            "'flower', 'flow'",
            "'dog', 'cat'",
            "'', 'abc'",
            "'abc', 'abc'",
            "'abx', 'aby'",
            "'Hello', 'hello'",
            "'test', 'toast'",
            "'a', 'ab'",
        ),
        wrong=(
            ("'planet', 'plant'", "'plant'"),
            ("'cold', 'cord'", "'cod'"),
            ("'Ab', 'ab'", "'ab'"),
        ),
    ),
    Task(
        name="running_max",
        signature="running_max(numbers)",
        question=(
            "Write a function `running_max(numbers)` that returns a new list in which each "
            "element is the largest of the numbers of the list numbers up to and including that "
            "position."
        ),
        reference="""\
def running_max(numbers):
    result = []
    for number in numbers:
        if result and result[-1] > number:
            number = result[-1]
        result.append(number)
    return result
""",
        calls=(
            "[1, 3, 2]",
            "[]",
            "[5]",
            "[3, 2, 1]",
            "[1, 2, 3]",
            "[-2, -5, -1]",
            "[0, 0]",
            "[4, 6, 5, 7]",
        ),
        wrong=(("[2, 1, 5]", "[2, 3, 8]"),),
    ),
    Task(
        name="move_zeros",
        signature="move_zeros(numbers)",
        question=(
            "Write a function `move_zeros(numbers)` that returns a new list with the numbers of "
            "the list numbers in which all zeros are moved to the end. The other numbers keep "
            "their order."
        ),
        reference="""\
def move_zeros(numbers):
    others = [number for number in numbers if number != 0]
    return others + [0] * (len(numbers) - len(others))
""",
        calls=(
            "[0, 1, 2]",
            "[]",
            "[0]",
            "[1, 0, 2, 0]",
            "[1, 2, 3]",
            "[0, 0, 1]",
            "[3, 0, 1]",
            "[-1, 0, -2]",
        ),
        wrong=(("[0, 5, 4]", "[0, 4, 5]"), ("[7, 0, 0]", "[7, 0]"), ("[9, 0, 6]", "[6, 9, 0]")),
    ),
    Task(
        name="group_by_length",
        signature="group_by_length(words)",
        question=(
            "Write a function `group_by_length(words)` that returns a dictionary that maps each "
            "word length to the list of the words of that length in the list words, in the same "
            "order as in words."
        ),
        reference="""\
def group_by_length(words):
    groups = {}
    for word in words:
        groups.setdefault(len(word), []).append(word)
    return groups
""",
        calls=(
            "['a', 'bb', 'c']",
            "[]",
            "['one']",
            "['one', 'two']",
            "['hello', 'hi', 'world']",
            "['', 'x']",
            "['aa', 'a', 'aa']",
        ),
        wrong=(
            ("['to', 'go', 'up']", "{2: ['go', 'to', 'up']}"),
            ("['b', 'a', 'b']", "{1: ['b', 'a']}"),
        ),
    ),
)
