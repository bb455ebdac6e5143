"""What filters have in common: the forms of their settings, and what all of them do to an event that they matched."""

from .event import Event


def pairs(value) -> list[tuple[str, object]]:
    """A hash setting; a list of alternating keys and values is accepted as one, as in the real program."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return [(str(key), item) for key, item in zip(value[::2], value[1::2], strict=False)]
    return []


def as_list(value) -> list:
    """A list setting; a single value is a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def decorate(event: Event, parameters: dict) -> None:
    """What every filter does to an event that it matched: add_field, remove_field, add_tag, remove_tag."""
    for field, value in pairs(parameters.get("add_field")):
        _add_field(event, event.sprintf(field), value)
    for field in as_list(parameters.get("remove_field")):
        event.remove(event.sprintf(field))
    for tag in as_list(parameters.get("add_tag")):
        event.tag(event.sprintf(tag))
    for tag in as_list(parameters.get("remove_tag")):
        event.untag(event.sprintf(tag))


def _add_field(event: Event, field: str, value) -> None:
    for item in as_list(value):
        made = event.sprintf(item) if isinstance(item, str) else item
        if event.includes(field):
            event.set(field, [*as_list(event.get(field)), made])
        else:
            event.set(field, made)
