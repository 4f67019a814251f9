"""The 64 "first steps in Python" tasks of the train split.

Data, not code: `build.py` checks these tasks and writes them as `train.jsonl`. The tasks come
in three parts, with about the same shares in both splits: one-liners of the simplest kind, a
simple loop, comprehension or builtin, and a few that are a bit harder.
"""

from task import Task

TASKS: tuple[Task, ...] = (
    Task(
        name="add_numbers",
        signature="add_numbers(a, b)",
        question=(
            "Write a function `add_numbers(a, b)` that returns the sum of the two numbers a and b."
        ),
        reference="""\
def add_numbers(a, b):
    return a + b
""",
        calls=("1, 2", "0, 0", "-3, 5", "-4, -6", "100, 250", "7, 0", "2.5, 1.5", "10, -10"),
        wrong=(("-8, 3", "-11"),),
    ),
    Task(
        name="double_number",
        signature="double_number(n)",
        question=(
            "Write a function `double_number(n)` that returns the integer n multiplied by two."
        ),
        reference="""\
def double_number(n):
    return n * 2
""",
        calls=("1", "0", "2", "5", "-3", "50", "123", "-10"),
        wrong=(("3", "9"), ("-7", "14")),
    ),
    Task(
        name="is_even",
        signature="is_even(n)",
        question=(
            "Write a function `is_even(n)` that returns True if the integer n is even and False "
            "otherwise. Zero is even."
        ),
        reference="""\
def is_even(n):
    return n % 2 == 0
""",
        calls=("2", "3", "0", "-4", "-7", "10", "101", "1"),
        wrong=(("-2", "False"),),
    ),
    Task(
        name="is_positive",
        signature="is_positive(n)",
        question=(
            "Write a function `is_positive(n)` that returns True if the number n is greater than "
            "zero and False otherwise. Zero is not positive."
        ),
        reference="""\
def is_positive(n):
    return n > 0
""",
        calls=("1", "-1", "0", "25", "-100", "0.5", "-0.5"),
        wrong=(("0.0", "True"), ("2", "False")),
    ),
    Task(
        name="absolute_value",
        signature="absolute_value(n)",
        question=(
            "Write a function `absolute_value(n)` that returns the absolute value of the number "
            "n: n itself if it is not negative, and -n if it is."
        ),
        reference="""\
def absolute_value(n):
    return abs(n)
""",
        calls=("5", "-5", "0", "-1", "12", "-2.5", "1000", "-99"),
        wrong=(("-8", "-8"), ("3", "-3")),
    ),
    Task(
        name="larger_of_two",
        signature="larger_of_two(a, b)",
        question=(
            "Write a function `larger_of_two(a, b)` that returns the larger of the two numbers a "
            "and b. If they are equal, it returns that number."
        ),
        reference="""\
def larger_of_two(a, b):
    return max(a, b)
""",
        calls=("1, 2", "2, 1", "3, 3", "-1, -2", "-5, 0", "0, -5", "10, 9.5"),
        wrong=(("-7, -4", "-7"),),
    ),
    Task(
        name="smallest_of_three",
        signature="smallest_of_three(a, b, c)",
        question=(
            "Write a function `smallest_of_three(a, b, c)` that returns the smallest of the three "
            "integers a, b and c."
        ),
        reference="""\
def smallest_of_three(a, b, c):
    return min(a, b, c)
""",
        calls=(
            "1, 2, 3",
            "3, 2, 1",
            "2, 1, 3",
            "5, 5, 5",
            "-1, -2, -3",
            "0, -4, 4",
            "7, 7, 2",
            "1, 1, 9",
        ),
        wrong=(("-6, 6, -2", "-2"), ("4, 9, 8", "8"), ("-9, -9, 0", "0")),
    ),
    Task(
        name="last_digit",
        signature="last_digit(n)",
        question=(
            "Write a function `last_digit(n)` that returns the last decimal digit of the integer "
            "n, which is zero or positive, as an integer."
        ),
        reference="""\
def last_digit(n):
    return n % 10
""",
        calls=("0", "5", "10", "123", "99", "4567", "1000", "21"),
        wrong=(("347", "3"), ("60", "6")),
    ),
    Task(
        name="is_divisible",
        signature="is_divisible(a, b)",
        question=(
            "Write a function `is_divisible(a, b)` that returns True if the integer a can be "
            "divided by the positive integer b without a remainder, and False otherwise."
        ),
        reference="""\
def is_divisible(a, b):
    return a % b == 0
""",
        calls=("10, 2", "10, 3", "0, 5", "7, 7", "3, 9", "-12, 4", "25, 6", "1, 8"),
        wrong=(("5, 10", "True"),),
    ),
    Task(
        name="square_number",
        signature="square_number(n)",
        question=(
            "Write a function `square_number(n)` that returns the square of the number n, that "
            "is, n times n."
        ),
        reference="""\
def square_number(n):
    return n * n
""",
        calls=("1", "2", "0", "-3", "10", "1.5", "-7", "25"),
        wrong=(("4", "8"), ("-5", "-25"), ("12", "124")),
    ),
    Task(
        name="rectangle_perimeter",
        signature="rectangle_perimeter(width, height)",
        question=(
            "Write a function `rectangle_perimeter(width, height)` that returns the perimeter of "
            "a rectangle with the given width and height."
        ),
        reference="""\
def rectangle_perimeter(width, height):
    return 2 * (width + height)
""",
        calls=("1, 1", "2, 3", "0, 5", "10, 10", "7, 1", "2.5, 1.5", "0, 0"),
        wrong=(("4, 5", "20"), ("3, 8", "11")),
    ),
    Task(
        name="average_of_two",
        signature="average_of_two(a, b)",
        question=(
            "Write a function `average_of_two(a, b)` that returns the average of the two numbers "
            "a and b. The average is their sum divided by 2 and need not be a whole number."
        ),
        reference="""\
def average_of_two(a, b):
    return (a + b) / 2
""",
        calls=("2, 4", "1, 2", "0, 0", "-4, 4", "-3, -6", "10, 10", "100, 1"),
        wrong=(("3, 4", "3"),),
    ),
    Task(
        name="minutes_to_seconds",
        signature="minutes_to_seconds(minutes)",
        question=(
            "Write a function `minutes_to_seconds(minutes)` that returns how many seconds there "
            "are in the given number of minutes."
        ),
        reference="""\
def minutes_to_seconds(minutes):
    return minutes * 60
""",
        calls=("1", "0", "2", "10", "60", "0.5", "15"),
        wrong=(("5", "500"), ("3", "160")),
    ),
    Task(
        name="can_vote",
        signature="can_vote(age)",
        question=(
            "Write a function `can_vote(age)` that returns True if the integer age is 18 or more "
            "and False otherwise."
        ),
        reference="""\
def can_vote(age):
    return age >= 18
""",
        calls=("18", "17", "0", "30", "99", "5", "20", "1"),
        wrong=(("19", "False"),),
    ),
    Task(
        name="string_length",
        signature="string_length(text)",
        question=(
            "Write a function `string_length(text)` that returns the number of characters in the "
            "string text. Spaces count as characters."
        ),
        reference="""\
def string_length(text):
    return len(text)
""",
        calls=("'abc'", "''", "'a'", "'hello world'", "'   '", "'Python 3'", "'12345'"),
        wrong=(("'good day'", "7"), ("' a '", "1"), ("'no!'", "2")),
    ),
    Task(
        name="to_lowercase",
        signature="to_lowercase(text)",
        question=(
            "Write a function `to_lowercase(text)` that returns the string text with all its "
            "letters in lower case."
        ),
        reference="""\
def to_lowercase(text):
    return text.lower()
""",
        calls=(
            "'ABC'",
            "'Hello'",
            "''",
            "'already lower'",
            "'A1B2'",
            "'MiXeD CaSe'",
            "'123!'",
            "'Z'",
        ),
        wrong=(("'Hi THERE'", "'hi There'"),),
    ),
    Task(
        name="first_character",
        signature="first_character(text)",
        question=(
            "Write a function `first_character(text)` that returns the first character of the "
            "string text as a string. If text is empty, it returns the empty string."
        ),
        reference="""\
def first_character(text):
    return text[:1]
""",
        calls=("'abc'", "'a'", "''", "' x'", "'Hello'", "'9 lives'", "'!?'", "'Zebra'"),
        wrong=(("'World'", "'w'"), ("'day'", "'y'")),
    ),
    Task(
        name="full_name",
        signature="full_name(first, last)",
        question=(
            "Write a function `full_name(first, last)` that returns the string first, then one "
            "space, then the string last."
        ),
        reference="""\
def full_name(first, last):
    return first + " " + last
""",
        calls=(
            "'Ada', 'Lovelace'",
            "'Alan', 'Turing'",
            "'a', 'b'",
            "'Mary Ann', 'Lee'",
            "'jo', 'DOE'",
            "'X', 'Y Z'",
            "'', 'Solo'",
        ),
        wrong=(
            ("'Grace', 'Hopper'", "'GraceHopper'"),
            ("'Tim', 'Lee'", "'Lee Tim'"),
            ("'Kim', ''", "'Kim'"),
        ),
    ),
    Task(
        name="reverse_string",
        signature="reverse_string(text)",
        question=(
            "Write a function `reverse_string(text)` that returns the string text with its "
            "characters in reverse order."
        ),
        reference="""\
def reverse_string(text):
    return text[::-1]
""",
        calls=("'abc'", "''", "'a'", "'hello'", "'ab cd'", "'level'", "'Python'", "'12345'"),
        wrong=(("'World'", "'dlrow'"), ("'one two'", "'two one'")),
    ),
    Task(
        name="ends_with",
        signature="ends_with(text, suffix)",
        question=(
            "Write a function `ends_with(text, suffix)` that returns True if the string text ends "
            "with the string suffix and False otherwise. Upper and lower case letters are "
            "different, and every string ends with the empty string."
        ),
        reference="""\
def ends_with(text, suffix):
    return text.endswith(suffix)
""",
        calls=(
            "'hello', 'lo'",
            "'hello', 'he'",
            "'abc', 'abc'",
            "'abc', 'abcd'",
            "'abc', ''",
            "'File.TXT', '.txt'",
            "'photo.png', '.png'",
        ),
        wrong=(("'House', 'SE'", "True"),),
    ),
    Task(
        name="contains_substring",
        signature="contains_substring(text, part)",
        question=(
            "Write a function `contains_substring(text, part)` that returns True if the string "
            "part occurs somewhere in the string text and False otherwise. Upper and lower case "
            "letters are different, and the empty string occurs in every string."
        ),
        reference="""\
def contains_substring(text, part):
    return part in text
""",
        calls=(
            "'hello', 'ell'",
            "'hello', 'eo'",
            "'abc', ''",
            "'', 'a'",
            "'Python', 'python'",
            "'banana', 'nan'",
            "'cat', 'cat'",
        ),
        wrong=(("'Sunday', 'day'", "False"), ("'Apple', 'app'", "True")),
    ),
    Task(
        name="replace_spaces",
        signature="replace_spaces(text)",
        question=(
            "Write a function `replace_spaces(text)` that returns the string text with every "
            "space replaced by an underscore."
        ),
        reference="""\
def replace_spaces(text):
    return text.replace(" ", "_")
""",
        calls=(
            "'a b'",
            "''",
            "'nospace'",
            "'one two three'",
            "' '",
            "' lead'",
            "'two  spaces'",
            "'end '",
        ),
        wrong=(("'x y z'", "'x_y z'"),),
    ),
    Task(
        name="greet",
        signature="greet(name)",
        question=(
            "Write a function `greet(name)` that returns the string made of 'Hello, ' (with a "
            "comma and a space), then the string name, then '!'."
        ),
        reference="""\
def greet(name):
    return "Hello, " + name + "!"
""",
        calls=("'Bob'", "'Alice'", "'X'", "'world'", "'Mary Ann'", "'joe'", "'R2D2'", "'Dr. Who'"),
        wrong=(("'Tom'", "'Hello, Tom'"), ("'sam'", "'Hello, Sam!'")),
    ),
    Task(
        name="first_element",
        signature="first_element(items)",
        question=(
            "Write a function `first_element(items)` that returns the first element of the list "
            "items. If the list is empty, it returns None."
        ),
        reference="""\
def first_element(items):
    if not items:
        return None
    return items[0]
""",
        calls=("[1, 2, 3]", "[7]", "[]", "['a', 'b']", "[0, 1]", "[-5, 5]", "[[1], [2]]"),
        wrong=(("[9, 8]", "8"), ("['x', 'y', 'z']", "'z'")),
    ),
    Task(
        name="drop_first",
        signature="drop_first(items)",
        question=(
            "Write a function `drop_first(items)` that returns a new list with all the elements "
            "of the list items except the first one. For an empty list it returns an empty list."
        ),
        reference="""\
def drop_first(items):
    return items[1:]
""",
        calls=(
            "[1, 2, 3]",
            "[1]",
            "[]",
            "['a', 'b']",
            "[5, 5, 5]",
            "[0, 0]",
            "[True, False, True]",
            "[4, 3, 2, 1]",
        ),
        wrong=(("[6, 7, 8]", "[6, 7]"),),
    ),
    Task(
        name="sort_numbers",
        signature="sort_numbers(numbers)",
        question=(
            "Write a function `sort_numbers(numbers)` that returns a new list with the numbers of "
            "the list numbers in order from smallest to largest. Numbers that occur more than "
            "once are kept."
        ),
        reference="""\
def sort_numbers(numbers):
    return sorted(numbers)
""",
        calls=(
            "[3, 1, 2]",
            "[]",
            "[1]",
            "[2, 2, 1]",
            "[-1, -3, 0]",
            "[10, 9, 2]",
            "[1, 2, 3]",
            "[5, 4, 3, 2, 1]",
        ),
        wrong=(("[4, 1, 4]", "[1, 4]"), ("[-2, 5, -9]", "[-2, -9, 5]"), ("[7, 6, 6]", "[7, 6, 6]")),
    ),
    Task(
        name="append_element",
        signature="append_element(items, value)",
        question=(
            "Write a function `append_element(items, value)` that returns a new list with the "
            "elements of the list items followed by the given value as the last element."
        ),
        reference="""\
def append_element(items, value):
    return items + [value]
""",
        calls=(
            "[1, 2], 3",
            "[], 1",
            "['a'], 'b'",
            "[1], [2]",
            "[0, 0], 0",
            "[5, 6], None",
            "[True], False",
        ),
        wrong=(("[3, 4], 2", "[2, 3, 4]"), ("[8], 8", "[8]")),
    ),
    Task(
        name="both_positive",
        signature="both_positive(a, b)",
        question=(
            "Write a function `both_positive(a, b)` that returns True if both of the numbers a "
            "and b are greater than zero and False otherwise. Zero is not positive."
        ),
        reference="""\
def both_positive(a, b):
    return a > 0 and b > 0
""",
        calls=("1, 2", "1, -1", "-1, 1", "-3, -4", "0, 5", "5, 0", "10, 0.5", "7, 7"),
        wrong=(("-2, -2", "True"),),
    ),
    Task(
        name="max_of_list",
        signature="max_of_list(numbers)",
        question=(
            "Write a function `max_of_list(numbers)` that returns the largest number in the list "
            "numbers. The list has at least one number."
        ),
        reference="""\
def max_of_list(numbers):
    return max(numbers)
""",
        calls=(
            "[1, 2, 3]",
            "[3, 2, 1]",
            "[5]",
            "[-1, -5, -3]",
            "[2, 2, 2]",
            "[0, -1]",
            "[1, 10, 9, 4]",
            "[1.5, 1.2]",
        ),
        wrong=(("[-4, -2, -8]", "-8"), ("[6, 12, 7]", "7")),
    ),
    Task(
        name="sum_list",
        signature="sum_list(numbers)",
        question=(
            "Write a function `sum_list(numbers)` that returns the sum of a list of numbers. The "
            "sum of an empty list is 0."
        ),
        reference="""\
def sum_list(numbers):
    return sum(numbers)
""",
        calls=(
            "[1, 2, 3]",
            "[]",
            "[5]",
            "[-1, 1]",
            "[10, -20, 5]",
            "[0, 0, 0]",
            "[1, 1, 1, 1]",
            "[0.5, 0.5]",
        ),
        wrong=(("[4, 5, 6]", "16"), ("[-2, -3]", "5"), ("[7]", "0")),
    ),
    Task(
        name="count_vowels",
        signature="count_vowels(text)",
        question=(
            "Write a function `count_vowels(text)` that returns how many characters of the string "
            "text are vowels (a, e, i, o or u, in upper or lower case)."
        ),
        reference="""\
def count_vowels(text):
    return sum(1 for char in text.lower() if char in "aeiou")
""",
        calls=(
            "'hello'",
            "''",
            "'xyz'",
            "'AEIOU'",
            "'Programming'",
            "'Apple'",
            "'a e i'",
            "'OpenAir'",
        ),
        wrong=(("'Education'", "4"), ("'queue'", "2"), ("'SKY IS'", "0")),
    ),
    Task(
        name="square_each",
        signature="square_each(numbers)",
        question=(
            "Write a function `square_each(numbers)` that returns a new list with the square of "
            "each number in the list numbers, in the same order."
        ),
        reference="""\
def square_each(numbers):
    return [number * number for number in numbers]
""",
        calls=("[1, 2, 3]", "[]", "[0]", "[-1, -2]", "[10]", "[5, 5]", "[3, 0, -3]", "[7, 1]"),
        wrong=(("[4, 2]", "[8, 4]"), ("[-3, 6]", "[-9, 36]"), ("[2, 2]", "[4]")),
    ),
    Task(
        name="filter_even",
        signature="filter_even(numbers)",
        question=(
            "Write a function `filter_even(numbers)` that returns a new list with only the even "
            "integers of the list numbers, in the same order. Zero is even."
        ),
        reference="""\
def filter_even(numbers):
    return [number for number in numbers if number % 2 == 0]
""",
        calls=(
            "[1, 2, 3, 4]",
            "[]",
            "[1, 3, 5]",
            "[2, 4]",
            "[0, 1]",
            "[-2, -3]",
            "[2, 2, 1]",
            "[10, 7, 6]",
        ),
        wrong=(("[5, 0, 8]", "[8]"), ("[9, 4, 4]", "[4]"), ("[0, 3]", "[]")),
    ),
    Task(
        name="count_occurrences",
        signature="count_occurrences(items, value)",
        question=(
            "Write a function `count_occurrences(items, value)` that returns how many times the "
            "given value occurs in the list items."
        ),
        reference="""\
def count_occurrences(items, value):
    return items.count(value)
""",
        calls=(
            "[1, 2, 1], 1",
            "[], 1",
            "[1, 2, 3], 4",
            "['a', 'b', 'a'], 'a'",
            "[5, 5, 5], 5",
            "['A', 'a'], 'a'",
            "[0, -1, 0], 0",
        ),
        wrong=(("[2, 3, 2, 2], 2", "2"), ("['x', 'y'], 'y'", "0")),
    ),
    Task(
        name="word_count",
        signature="word_count(text)",
        question=(
            "Write a function `word_count(text)` that returns the number of words in the string "
            "text. Words are separated by one or more spaces. The empty string has 0 words."
        ),
        reference="""\
def word_count(text):
    return len(text.split())
""",
        calls=(
            "'hello world'",
            "''",
            "'one'",
            "'a b c d'",
            "'  padded  '",
            "'two  spaces'",
            "'   '",
            "'The quick brown fox'",
        ),
        wrong=(("'so  far away'", "4"),),
    ),
    Task(
        name="remove_duplicates",
        signature="remove_duplicates(items)",
        question=(
            "Write a function `remove_duplicates(items)` that returns a new list with each value "
            "of the list items only once, in the order in which the values first occur."
        ),
        reference="""\
def remove_duplicates(items):
    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result
""",
        calls=(
            "[1, 2, 1]",
            "[]",
            "[3, 3, 3]",
            "[1, 2, 3]",
            "[3, 1, 3, 2]",
            "['b', 'a', 'b']",
            "['A', 'a']",
            "[0, 0, -1]",
        ),
        wrong=(("[5, 4, 5, 1]", "[1, 4, 5]"), ("[2, 2, 9]", "[9]"), ("['A', 'a', 'A']", "['A']")),
    ),
    Task(
        name="factorial",
        signature="factorial(n)",
        question=(
            "Write a function `factorial(n)` that returns the factorial of the integer n, the "
            "product of the integers from 1 to n. n is zero or positive, and the factorial of 0 "
            "is 1."
        ),
        reference="""\
def factorial(n):
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result
""",
        calls=("0", "1", "2", "3", "5", "6", "10", "8"),
        wrong=(("4", "12"), ("7", "720"), ("9", "40320")),
    ),
    Task(
        name="is_palindrome",
        signature="is_palindrome(text)",
        question=(
            "Write a function `is_palindrome(text)` that returns True if the string text reads "
            "the same forwards and backwards and False otherwise. All characters count, and upper "
            "and lower case letters are different. The empty string is a palindrome."
        ),
        reference="""\
def is_palindrome(text):
    return text == text[::-1]
""",
        calls=("'level'", "'hello'", "''", "'a'", "'ab'", "'Anna'", "'noon'", "'a man'"),
        wrong=(("'Wow'", "True"), ("'abca'", "True")),
    ),
    Task(
        name="average_list",
        signature="average_list(numbers)",
        question=(
            "Write a function `average_list(numbers)` that returns the average of the numbers in "
            "the list numbers, their sum divided by how many there are. The average of an empty "
            "list is 0."
        ),
        reference="""\
def average_list(numbers):
    if not numbers:
        return 0
    return sum(numbers) / len(numbers)
""",
        calls=(
            "[1, 2, 3]",
            "[]",
            "[5]",
            "[1, 2]",
            "[-2, 2]",
            "[10, 20, 30, 40]",
            "[0, 0, 0]",
            "[-1, -2]",
        ),
        wrong=(("[2, 3]", "2"), ("[4, 4, 4, 8]", "6.0")),
    ),
    Task(
        name="find_index",
        signature="find_index(items, value)",
        question=(
            "Write a function `find_index(items, value)` that returns the index of the first "
            "element of the list items that is equal to value. Indexes start at 0. If there is no "
            "such element, it returns -1."
        ),
        reference="""\
def find_index(items, value):
    for index, item in enumerate(items):
        if item == value:
            return index
    return -1
""",
        calls=(
            "[1, 2, 3], 1",
            "[1, 2, 3], 3",
            "[1, 2, 3], 4",
            "[], 1",
            "[5, 5, 5], 5",
            "['a', 'b'], 'b'",
            "[0, 1, 0, 1], 1",
        ),
        wrong=(("[7, 8, 9], 8", "2"), ("[4, 6, 4], 4", "2"), ("['x'], 'y'", "None")),
    ),
    Task(
        name="join_words",
        signature="join_words(words)",
        question=(
            "Write a function `join_words(words)` that returns one string with the words of the "
            "list words joined by single spaces. For an empty list it returns the empty string."
        ),
        reference="""\
def join_words(words):
    return " ".join(words)
""",
        calls=(
            "['a', 'b']",
            "[]",
            "['one']",
            "['hello', 'big', 'world']",
            "['', 'x']",
            "['Good', 'day']",
            "['1', '2', '3']",
        ),
        wrong=(("['red', 'green']", "'redgreen'"), ("['my', 'own', 'cat']", "'my own cat '")),
    ),
    Task(
        name="count_digits",
        signature="count_digits(n)",
        question=(
            "Write a function `count_digits(n)` that returns how many decimal digits the integer "
            "n has. A minus sign does not count, and 0 has one digit."
        ),
        reference="""\
def count_digits(n):
    return len(str(abs(n)))
""",
        calls=("5", "0", "10", "123", "-7", "-45", "99999", "1000"),
        wrong=(("-321", "4"),),
    ),
    Task(
        name="reverse_words",
        signature="reverse_words(text)",
        question=(
            "Write a function `reverse_words(text)` that returns a string with the words of the "
            "string text in reverse order, joined by single spaces. The words themselves stay as "
            "they are."
        ),
        reference="""\
def reverse_words(text):
    return " ".join(text.split()[::-1])
""",
        calls=(
            "'hello world'",
            "''",
            "'one'",
            "'a b c'",
            "'the sky is blue'",
            "'Yes No'",
            "'x  y'",
            "'same same'",
        ),
        wrong=(("'big cat'", "'tac gib'"), ("'I am Sam'", "'Sam I am'")),
    ),
    Task(
        name="remove_vowels",
        signature="remove_vowels(text)",
        question=(
            "Write a function `remove_vowels(text)` that returns the string text without its "
            "vowels (a, e, i, o and u, in upper or lower case)."
        ),
        reference="""\
def remove_vowels(text):
    return "".join(char for char in text if char.lower() not in "aeiou")
""",
        calls=("'hello'", "''", "'xyz'", "'AEIOU'", "'Apple pie'", "'Python'", "'aaa'", "'UNIT 1'"),
        wrong=(("'Orange'", "'Orng'"), ("'banana'", "'bann'")),
    ),
    Task(
        name="add_lists",
        signature="add_lists(a, b)",
        question=(
            "Write a function `add_lists(a, b)` that returns a new list with the sums of the "
            "numbers at the same positions of the two lists a and b. The lists have the same "
            "length."
        ),
        reference="""\
def add_lists(a, b):
    return [x + y for x, y in zip(a, b)]
""",
        calls=(
            "[1, 2], [3, 4]",
            "[], []",
            "[5], [5]",
            "[-1, 1], [1, -1]",
            "[1, 2, 3], [10, 20, 30]",
            "[0, 0], [7, 8]",
            "[2, 2], [2, 2]",
        ),
        wrong=(("[1, 5], [2, 6]", "[1, 5, 2, 6]"), ("[9, 1], [1, 1]", "[10, 1]")),
    ),
    Task(
        name="common_elements",
        signature="common_elements(a, b)",
        question=(
            "Write a function `common_elements(a, b)` that returns a new list with the elements "
            "of the list a that are also in the list b, in the order of a. The elements of a are "
            "all different."
        ),
        reference="""\
def common_elements(a, b):
    return [item for item in a if item in b]
""",
        calls=(
            "[1, 2, 3], [2, 3, 4]",
            "[1, 2], [3, 4]",
            "[], [1]",
            "[1], []",
            "[3, 2, 1], [1, 2, 3]",
            "['a', 'b'], ['b', 'c']",
            "[5, 6], [6, 6, 6]",
        ),
        wrong=(("[9, 4, 7], [7, 9]", "[7, 9]"), ("[1, 8], [8, 1]", "[1]")),
    ),
    Task(
        name="fizzbuzz",
        signature="fizzbuzz(n)",
        question=(
            "Write a function `fizzbuzz(n)` that returns 'FizzBuzz' if the positive integer n is "
            "divisible by both 3 and 5, 'Fizz' if only by 3, 'Buzz' if only by 5, and otherwise n "
            "as a string."
        ),
        reference="""\
def fizzbuzz(n):
    if n % 15 == 0:
        return "FizzBuzz"
    if n % 3 == 0:
        return "Fizz"
    if n % 5 == 0:
        return "Buzz"
    return str(n)
""",
        calls=("1", "3", "5", "15", "7", "9", "10", "30"),
        wrong=(("45", "'Fizz'"), ("2", "2"), ("25", "'Fizz'")),
    ),
    Task(
        name="is_leap_year",
        signature="is_leap_year(year)",
        question=(
            "Write a function `is_leap_year(year)` that returns True if the integer year is a "
            "leap year and False otherwise. A leap year is divisible by 4, but a year that is "
            "divisible by 100 is a leap year only if it is also divisible by 400."
        ),
        reference="""\
def is_leap_year(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
""",
        calls=("2000", "1900", "2024", "2023", "2100", "1600", "1996", "2001"),
        wrong=(("1800", "True"), ("2400", "False")),
    ),
    Task(
        name="running_total",
        signature="running_total(numbers)",
        question=(
            "Write a function `running_total(numbers)` that returns a new list in which each "
            "element is the sum of all numbers of the list numbers up to and including that "
            "position."
        ),
        reference="""\
def running_total(numbers):
    result = []
    total = 0
    for number in numbers:
        total += number
        result.append(total)
    return result
""",
        calls=(
            "[1, 2, 3]",
            "[]",
            "[5]",
            "[1, 1, 1, 1]",
            "[3, -3, 3]",
            "[0, 0]",
            "[-1, -2]",
            "[10, 20]",
        ),
        wrong=(("[2, 4, 6]", "[2, 6, 10]"),),
    ),
    Task(
        name="shortest_word",
        signature="shortest_word(words)",
        question=(
            "Write a function `shortest_word(words)` that returns the shortest string in the list "
            "words. If several are equally short, it returns the first of them. If the list is "
            "empty, it returns the empty string."
        ),
        reference="""\
def shortest_word(words):
    if not words:
        return ""
    return min(words, key=len)
""",
        calls=(
            "['apple', 'fig', 'pear']",
            "[]",
            "['one']",
            "['cat', 'dog']",
            "['bb', 'a', 'c']",
            "['long', '']",
            "['three', 'four', 'five']",
        ),
        wrong=(("['red', 'tan', 'blue']", "'tan'"), ("['zoo', 'ab', 'yes']", "'yes'")),
    ),
    Task(
        name="char_frequency",
        signature="char_frequency(text)",
        question=(
            "Write a function `char_frequency(text)` that returns a dictionary that maps each "
            "character of the string text to the number of times it occurs. Upper and lower case "
            "letters are different characters."
        ),
        reference="""\
def char_frequency(text):
    counts = {}
    for char in text:
        counts[char] = counts.get(char, 0) + 1
    return counts
""",
        calls=("'abc'", "''", "'aaa'", "'hello'", "'Aa'", "'a a'", "'abab'"),
        wrong=(("'noon'", "{'n': 2, 'o': 1}"), ("'Bob'", "{'b': 2, 'o': 1}")),
    ),
    Task(
        name="celsius_to_fahrenheit",
        signature="celsius_to_fahrenheit(celsius)",
        question=(
            "Write a function `celsius_to_fahrenheit(celsius)` that converts a temperature from "
            "degrees Celsius to degrees Fahrenheit (times 9, divided by 5, plus 32) and returns "
            "it rounded to one decimal place with round."
        ),
        reference="""\
def celsius_to_fahrenheit(celsius):
    return round(celsius * 9 / 5 + 32, 1)
""",
        calls=("0", "100", "-40", "37.0", "20", "-10", "25.5"),
        wrong=(("10", "42.0"), ("30", "54.0")),
    ),
    Task(
        name="second_largest",
        signature="second_largest(numbers)",
        question=(
            "Write a function `second_largest(numbers)` that returns the second largest of the "
            "different values in the list numbers. Equal numbers count as one value. If there are "
            "fewer than two different values, it returns None."
        ),
        reference="""\
def second_largest(numbers):
    values = sorted(set(numbers))
    if len(values) < 2:
        return None
    return values[-2]
""",
        calls=(
            "[1, 2, 3]",
            "[5, 5, 4]",
            "[1]",
            "[]",
            "[7, 7]",
            "[-1, -2, -3]",
            "[10, 2, 8, 10]",
            "[2, 1]",
        ),
        wrong=(("[9, 9, 6]", "9"), ("[4, 1, 3]", "1"), ("[3, 3]", "3")),
    ),
    Task(
        name="range_list",
        signature="range_list(n)",
        question=(
            "Write a function `range_list(n)` that returns the list of the integers from 1 to n "
            "in increasing order, both included. If n is less than 1, it returns an empty list."
        ),
        reference="""\
def range_list(n):
    return list(range(1, n + 1))
""",
        calls=("1", "3", "0", "5", "-2", "2", "10"),
        wrong=(("4", "[1, 2, 3]"), ("6", "[0, 1, 2, 3, 4, 5, 6]")),
    ),
    Task(
        name="fibonacci",
        signature="fibonacci(n)",
        question=(
            "Write a function `fibonacci(n)` that returns the Fibonacci number with the index n. "
            "The number with index 0 is 0, the one with index 1 is 1, and each later one is the "
            "sum of the two before it."
        ),
        reference="""\
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
""",
        calls=("0", "1", "2", "3", "5", "7", "10", "20"),
        wrong=(("6", "13"),),
    ),
    Task(
        name="is_prime",
        signature="is_prime(n)",
        question=(
            "Write a function `is_prime(n)` that returns True if the integer n is a prime number "
            "and False otherwise. Numbers below 2 are not prime."
        ),
        reference="""\
def is_prime(n):
    if n < 2:
        return False
    for i in range(2, n):
        if n % i == 0:
            return False
    return True
""",
        calls=("2", "1", "0", "3", "4", "17", "25", "-7", "97"),
        wrong=(("9", "True"), ("51", "True"), ("5", "False")),
    ),
    Task(
        name="caesar_shift",
        signature="caesar_shift(text, shift)",
        question=(
            "Write a function `caesar_shift(text, shift)` that returns the string text with every "
            "lower case letter from a to z moved forward in the alphabet by shift places, going "
            "on with a after z. All other characters stay as they are. The integer shift is from "
            "0 to 25."
        ),
        reference="""\
def caesar_shift(text, shift):
    result = ""
    for char in text:
        if "a" <= char <= "z":
            result += chr((ord(char) - ord("a") + shift) % 26 + ord("a"))
        else:
            result += char
    return result
""",
        calls=("'abc', 1", "'xyz', 3", "'', 5", "'hello', 0", "'a b', 2", "'Hi', 1", "'zoo', 25"),
        wrong=(("'yes', 2", "'{gu'"), ("'Abc', 1", "'Bcd'")),
    ),
    Task(
        name="has_pair_with_sum",
        signature="has_pair_with_sum(numbers, target)",
        question=(
            "Write a function `has_pair_with_sum(numbers, target)` that returns True if two "
            "numbers at different positions of the list numbers add up to target, and False "
            "otherwise."
        ),
        reference="""\
def has_pair_with_sum(numbers, target):
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            if numbers[i] + numbers[j] == target:
                return True
    return False
""",
        calls=(
            "[1, 2, 3], 5",
            "[1, 2, 3], 7",
            "[], 0",
            "[5], 5",
            "[4, 4], 8",
            "[3, 1], 6",
            "[-1, 1, 2], 0",
            "[1, 2, 3, 4], 7",
        ),
        wrong=(("[5, 2], 10", "True"), ("[0, 0], 0", "False")),
    ),
    Task(
        name="chunk_list",
        signature="chunk_list(items, size)",
        question=(
            "Write a function `chunk_list(items, size)` that splits the list items into "
            "consecutive lists of size elements each and returns the list of these lists. The "
            "last one may be shorter. The integer size is at least 1, and an empty list gives an "
            "empty list."
        ),
        reference="""\
def chunk_list(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]
""",
        calls=(
            "[1, 2, 3, 4], 2",
            "[1, 2, 3], 2",
            "[], 3",
            "[1], 5",
            "[1, 2, 3], 1",
            "['a', 'b', 'c'], 3",
            "[1, 2, 3, 4, 5, 6, 7], 3",
        ),
        wrong=(("[5, 6, 7, 8, 9], 2", "[[5, 6], [7, 8]]"),),
    ),
    Task(
        name="to_binary",
        signature="to_binary(n)",
        question=(
            "Write a function `to_binary(n)` that returns the binary digits of the integer n, "
            "which is zero or positive, as a string without leading zeros and without a prefix. "
            "For 0 it returns '0'."
        ),
        reference="""\
def to_binary(n):
    if n == 0:
        return "0"
    digits = ""
    while n > 0:
        digits = str(n % 2) + digits
        n //= 2
    return digits
""",
        calls=("0", "1", "2", "5", "8", "10", "255", "100"),
        wrong=(("6", "'011'"), ("4", "'0b100'"), ("7", "111")),
    ),
    Task(
        name="merge_sorted",
        signature="merge_sorted(a, b)",
        question=(
            "Write a function `merge_sorted(a, b)` that returns one list in increasing order with "
            "all the numbers of the two lists a and b, which are both already in increasing "
            "order. Numbers that occur more than once are kept."
        ),
        reference="""\
def merge_sorted(a, b):
    return sorted(a + b)
""",
        calls=(
            "[1, 3], [2, 4]",
            "[], []",
            "[1], []",
            "[], [2, 3]",
            "[1, 1], [1]",
            "[-2, 0], [-1, 5]",
            "[5, 6], [1, 2]",
        ),
        wrong=(("[1, 4], [4, 7]", "[1, 4, 7]"),),
    ),
    Task(
        name="most_common",
        signature="most_common(items)",
        question=(
            "Write a function `most_common(items)` that returns the value that occurs most often "
            "in the list items. If several values occur equally often, it returns the one that "
            "occurs first in the list. The list is not empty."
        ),
        reference="""\
def most_common(items):
    best = items[0]
    for item in items:
        if items.count(item) > items.count(best):
            best = item
    return best
""",
        calls=(
            "[1, 2, 2]",
            "[1]",
            "[3, 1, 3, 1]",
            "['a', 'b', 'b', 'a', 'b']",
            "[5, 5, 6]",
            "[2, 1]",
            "[0, -1, -1]",
            "['x', 'x']",
        ),
        wrong=(("[4, 3, 3, 4]", "3"), ("[8, 9, 9]", "2")),
    ),
    Task(
        name="collatz_steps",
        signature="collatz_steps(n)",
        question=(
            "Write a function `collatz_steps(n)` that returns how many steps it takes to get from "
            "the positive integer n to 1, where one step halves an even number and turns an odd "
            "number n into 3 * n + 1. From 1 it takes 0 steps."
        ),
        reference="""\
def collatz_steps(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps
""",
        calls=("1", "2", "3", "4", "6", "7", "16", "27"),
        wrong=(("5", "6"), ("8", "4")),
    ),
    Task(
        name="is_anagram",
        signature="is_anagram(a, b)",
        question=(
            "Write a function `is_anagram(a, b)` that returns True if the strings a and b have "
            "the same characters, each the same number of times, in any order, and False "
            "otherwise. Upper and lower case letters are the same."
        ),
        reference="""\
def is_anagram(a, b):
    return sorted(a.lower()) == sorted(b.lower())
""",
        calls=(
            "'listen', 'silent'",
            "'abc', 'abd'",
            "'', ''",
            "'Tea', 'eat'",
            "'aab', 'abb'",
            "'abc', 'ab'",
            "'a', 'A'",
            "'dormitory', 'dirtyroom'",
        ),
        wrong=(("'Night', 'thing'", "False"), ("'book', 'bok'", "True")),
    ),
)
