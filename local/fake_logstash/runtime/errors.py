"""The errors that decide what the program says and how it ends."""


class ConfigurationError(Exception):
    """A pipeline or a variable that the program can't use (`LogStash::ConfigurationError`)."""


class RegisterError(Exception):
    """A plugin that refuses to start; its text is the exception as Ruby inspects it, `#<Class: reason>`."""


class PluginLoadingError(ConfigurationError):
    """A plugin that is not installed (`LogStash::PluginLoadingError`)."""


class ArgumentError(Exception):
    """A setting that is unknown or has a bad value (Ruby's `ArgumentError`)."""


class UsageError(Exception):
    """A mistake on the command line, or a conflict found before anything ran (`Clamp::UsageError`)."""


class LockError(Exception):
    """Another program holds a lock (`org.logstash.LockException`)."""


class AccessDeniedError(Exception):
    """A file that may not be opened (`java.nio.file.AccessDeniedException`); its text is the path."""


class QueueError(Exception):
    """A queue on the disk that cannot be opened: `exception` is the class of the real one's, the text what it says."""

    def __init__(self, exception: str, message: str) -> None:
        super().__init__(message)
        self.exception = exception


class NativeCodeError(Exception):
    """JRuby's FFI cannot be loaded (`LoadError`), which ends the process."""
