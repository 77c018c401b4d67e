// VocabularyTests: placeholder until its first test lands.
