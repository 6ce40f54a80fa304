namespace Events.Platform.Startup;

/// <summary>The process cannot serve. The message is one sentence for the person who started it; the exit code is 1.</summary>
public sealed class CannotStartException(string sentence, Exception? cause = null) : Exception(sentence, cause);
